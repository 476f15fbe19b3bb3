package entry

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdaurl"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
)

// urlHandler is what lambdaurl makes of an http.Handler.
type urlHandler func(context.Context, *events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error)

func wrap(h http.Handler) urlHandler { return lambdaurl.Wrap(recovering(h)) }

// recovering keeps a panic from ending the process: lambdaurl serves in a goroutine of its own.
func recovering(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				funchost.Refuse(w, http.StatusInternalServerError, "something went wrong on our side")
			}
		}()
		h.ServeHTTP(w, r)
	})
}

// urlReserve is what a call leaves of its invocation, so that it can still be answered: 503 from us tells the sender
// more than the 502 that Lambda gives for a process that it has ended.
const urlReserve = 6 * time.Second

// answer is an answer that is streamed. The runtime client closes it once it is sent, and asks for the next
// invocation after that: what is left to do is done in between, while the caller does not wait any more.
type answer struct {
	*events.LambdaFunctionURLStreamingResponse
	after func()
}

// Close implements io.Closer.
func (a *answer) Close() error {
	defer a.after()
	return a.LambdaFunctionURLStreamingResponse.Close()
}

// answer serves a call of the Function URL, byte for byte as it was sent.
func (e *Entry) answer(ctx context.Context, call *events.LambdaFunctionURLRequest) (*answer, error) {
	bounded, cancel := within(ctx, urlReserve)
	if status, text := plain(call); status != 0 {
		cancel()
		return &answer{refusal(status, text), func() {}}, nil
	}
	if call.Headers == nil {
		call.Headers = map[string]string{}
	}
	call.Headers[invocationHeader] = invocation(ctx)
	response, err := e.http(bounded, call)
	if err != nil {
		cancel()
		return &answer{refusal(http.StatusBadRequest, "the request is malformed"), func() {}}, nil
	}
	delete(response.Headers, "Connection") // the connection is Lambda's
	return &answer{response, func() {
		cancel()
		e.rest(ctx)
	}}, nil
}

// invocationHeader is where funchost looks for the id of an invocation.
const invocationHeader = "x-azure-functions-invocationid"

func within(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	if left := time.Until(end); left < 2*reserve {
		reserve = left / 2
	}
	return context.WithDeadline(ctx, end.Add(-reserve))
}

// public is where the HTTP functions are, as on Azure. Beside them are the doors of the Functions host, by which it
// runs queue functions and timers: nobody outside may come in there.
const public = "/api/"

// plain gives the call the bytes of its body and a path that can be read; a status other than 0 refuses it. lambdaurl
// would count a body in base64 as one of unknown length, which no limit sees.
func plain(call *events.LambdaFunctionURLRequest) (status int, text string) {
	if _, err := url.ParseRequestURI(call.RawPath); err != nil || !strings.HasPrefix(call.RawPath, "/") {
		return http.StatusBadRequest, "the path is malformed"
	}
	if !strings.HasPrefix(call.RawPath, public) {
		return http.StatusNotFound, "nothing is served at this path"
	}
	if !call.IsBase64Encoded {
		return 0, ""
	}
	body, err := base64.StdEncoding.DecodeString(call.Body)
	if err != nil {
		return http.StatusBadRequest, "the body is broken"
	}
	call.Body, call.IsBase64Encoded = string(body), false
	return 0, ""
}

func refusal(status int, text string) *events.LambdaFunctionURLStreamingResponse {
	return &events.LambdaFunctionURLStreamingResponse{StatusCode: status, Headers: map[string]string{"Content-Type": "application/json"},
		Body: strings.NewReader(`{"error":"` + text + `"}` + "\n")}
}
