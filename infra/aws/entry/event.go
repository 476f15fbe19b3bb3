package entry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Schedule is what our schedules send: Input of their target, see template.yaml.
type Schedule struct {
	// Functions are the functions that are due.
	Functions []string `json:"functions"`
	// Stay is how long queues are looked at at least, as "50s"; empty: until they are empty.
	Stay string `json:"stay"`

	stay time.Duration
}

// Length is Stay as a length of time.
func (s Schedule) Length() time.Duration { return s.stay }

// event is one of the two kinds that we know.
type event struct {
	call     *events.LambdaFunctionURLRequest
	schedule *Schedule
}

// longestStay is less than Lambda lets any invocation live.
const longestStay = 14 * time.Minute

// read tells a call of the Function URL from a schedule. Anything else is nobody's: an error that says what is known.
func read(text []byte) (event, error) {
	var kind struct {
		Version        string `json:"version"`
		RequestContext *struct {
			HTTP *struct{} `json:"http"`
		} `json:"requestContext"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return event{}, fmt.Errorf("the event is no JSON object: %w", err)
	}
	if kind.RequestContext == nil {
		s, err := ReadSchedule(text)
		return event{schedule: s}, err
	}
	if kind.Version != "2.0" || kind.RequestContext.HTTP == nil {
		return event{}, errors.New(`the event is a call, but not in the payload format 2.0 of a Function URL`)
	}
	var call events.LambdaFunctionURLRequest
	if err := json.Unmarshal(text, &call); err != nil {
		return event{}, fmt.Errorf("the event is no call of a Function URL: %w", err)
	}
	return event{call: &call}, nil
}

// ReadSchedule reads the input of a schedule; the error says what is wrong with it.
func ReadSchedule(text []byte) (*Schedule, error) {
	var s Schedule
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil || len(s.Functions) == 0 {
		return nil, errors.New(`the event is neither a call of the Function URL nor a schedule of ours, {"functions": ["reconcile"], "stay": "50s"}: compare Input of the schedule with template.yaml`)
	}
	if s.Stay != "" {
		var err error
		if s.stay, err = time.ParseDuration(s.Stay); err != nil || s.stay < 0 || s.stay > longestStay {
			return nil, fmt.Errorf(`the schedule's stay %q is no length of time up to %s, as "50s"`, s.Stay, longestStay)
		}
	}
	return &s, nil
}
