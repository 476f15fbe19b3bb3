package lambdasim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// The tests' own program is the runtime, when the platform starts it.
func TestMain(m *testing.M) {
	if api := os.Getenv("AWS_LAMBDA_RUNTIME_API"); api != "" {
		runtime("http://" + api + apiVersion + "/runtime")
	}
	os.Exit(m.Run())
}

// runtime is a custom runtime of few words: what it does with an event stands in the path of the call, or in the
// schedule's input.
func runtime(base string) {
	if os.Getenv("PLAY") == "exit at once" {
		os.Exit(3)
	}
	if os.Getenv("PLAY") == "refuse to start" {
		_, _ = post(base+"/init/error", "", strings.NewReader(`{"errorType":"Settings","errorMessage":"SYNC_ROLE is wrong"}`))
		os.Exit(1)
	}
	for {
		resp, err := http.Get(base + "/invocation/next")
		if err != nil {
			os.Exit(0)
		}
		event, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			os.Exit(0)
		}
		at := base + "/invocation/" + resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
		var e struct {
			RawPath, Do string
		}
		_ = json.Unmarshal(event, &e)
		do := e.Do + strings.TrimPrefix(e.RawPath, "/")
		switch {
		case do == "crash":
			os.Exit(7)
		case do == "hang":
			select {}
		case do == "fail":
			_, _ = post(at+"/error", "", strings.NewReader(`{"errorType":"X","errorMessage":"no"}`))
		case do == "silent":
		case do == "nohead":
			_, _ = post(at+"/response", httpIntegration, &slow{strings.NewReader(`{"statusCode":200}`)})
		case do == "oddhead":
			_, _ = post(at+"/response", httpIntegration, &slow{strings.NewReader(`{"status":200}` + zeros)})
		case do == "breakoff":
			_, _ = post(at+"/response", httpIntegration, &slow{io.MultiReader(strings.NewReader(`{"statusCode":200}`+zeros+"half"), broken{})})
			os.Exit(9)
		case do == "large":
			status, _ := post(at+"/response", "application/json", bytes.NewReader(bytes.Repeat([]byte("x"), mostPayload+1)))
			fmt.Println("large", status)
		case do == "plain":
			_, _ = post(at+"/response", "application/json", strings.NewReader(`{}`))
		case do == "twice":
			_, _ = post(at+"/response", httpIntegration, &slow{strings.NewReader(`{"statusCode":200}` + zeros + "one")})
			second, _ := post(at+"/response", httpIntegration, &slow{strings.NewReader(`{"statusCode":200}` + zeros + "two")})
			other, _ := post(base+"/invocation/nobody/response", "", strings.NewReader("x"))
			fmt.Println("twice", second, other)
		case do == "afterwards":
			_, _ = post(at+"/response", httpIntegration, &slow{strings.NewReader(`{"statusCode":200}` + zeros + "done")})
			atTheGate()
		case do == "wait":
			atTheGate()
			fallthrough
		default:
			said, _ := json.Marshal(map[string]any{"event": json.RawMessage(event), "pid": os.Getpid(), "deadline": resp.Header.Get("Lambda-Runtime-Deadline-Ms"),
				"arn": resp.Header.Get("Lambda-Runtime-Invoked-Function-Arn"), "memory": os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "key": os.Getenv("AWS_ACCESS_KEY_ID")})
			head := `{"statusCode":201,"headers":{"Content-Type":"application/json","Connection":"close"},"cookies":["a=1","b=2"]}`
			_, _ = post(at+"/response", httpIntegration, &slow{io.MultiReader(strings.NewReader(head+zeros), bytes.NewReader(said))})
		}
	}
}

// gateSetting is where a runtime finds the gate that it waits at: a file, which the test makes.
const gateSetting = "GATE"

func atTheGate() {
	for {
		if _, err := os.Stat(os.Getenv(gateSetting)); err == nil {
			return
		}
		<-time.After(time.Millisecond)
	}
}

const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00"

// slow has no length, so that it is sent in chunks.
type slow struct{ io.Reader }

type broken struct{}

func (broken) Read([]byte) (int, error) {
	<-time.After(100 * time.Millisecond) // what was written before is under way
	return 0, fmt.Errorf("gone")
}

func post(url, contentType string, body io.Reader) (int, error) {
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}
