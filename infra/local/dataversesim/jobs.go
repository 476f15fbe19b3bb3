package dataversesim

import (
	"container/heap"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// job is a system job: one event for one step, with its row in asyncoperation.
type job struct {
	id        string
	step      *step
	message   string
	subject   ref
	corr      string
	user      string
	created   time.Time
	body      []byte
	truncated bool
	tooLarge  bool
	row       bool // its asyncoperation row exists
}

// item is one delivery that is due at a time: of a job, or a copy that no job depends on.
type item struct {
	due     time.Time
	seq     int64
	job     *job
	copy    *sent  // a copy is sent as it was
	run     func() // work of the organisation's own, nothing is sent
	attempt int
}

// sent is an event as it went out.
type sent struct {
	url    string
	header http.Header
	body   []byte
}

// agenda is a heap of items by time, then order.
type agenda []*item

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if a[i].due.Equal(a[j].due) {
		return a[i].seq < a[j].seq
	}
	return a[i].due.Before(a[j].due)
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push and Pop serve container/heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(*item)) }

// Pop takes the last item.
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// enqueue writes the job's row (Ready, waiting for resources) and makes it due.
func (s *Simulator) enqueue(j *job) {
	s.setJob(j, map[string]any{"statecode": int64(0), "statuscode": int64(0)})
	j.row = true
	s.schedule(&item{due: s.now().Add(s.delay), job: j})
}

func (s *Simulator) schedule(it *item) {
	s.seq++
	it.seq = s.seq
	heap.Push(&s.agenda, it)
	s.news = true
}

// setJob changes the asyncoperation row of a job.
func (s *Simulator) setJob(j *job, changes map[string]any) {
	old := s.db.get(jobTable, j.id)
	if old == nil && j.row {
		return // somebody deleted it
	}
	now := s.now().UTC().Truncate(time.Second)
	v := map[string]any{"asyncoperationid": guid(j.id), "name": j.step.name, "messagename": j.message, "primaryentitytype": j.subject.table,
		"operationtype": int64(1), "owningextensionid": ref{stepTable, j.step.id}, "regardingobjectid": j.subject, "correlationid": guid(j.corr),
		"depth": int64(1), "retrycount": int64(0), "createdon": now, "createdby": ref{"systemuser", j.user}, "ownerid": ref{"systemuser", j.user},
		"owninguser": ref{"systemuser", j.user}}
	if old != nil {
		v = old.values()
	}
	v["modifiedon"], v["modifiedby"] = now, ref{"systemuser", j.user}
	for name, val := range changes {
		v[name] = val
	}
	s.db.set(jobTable, j.id, s.newRow(j.id, v))
}

// finish ends a job: Succeeded rows go where the step says so, Failed ones stay.
func (s *Simulator) finish(j *job, code int64, message string) {
	now := s.now().UTC().Truncate(time.Second)
	if code != 0 {
		s.setJob(j, map[string]any{"statecode": int64(3), "statuscode": int64(31), "completedon": now, "errorcode": code, "message": message, "friendlymessage": message})
		return
	}
	if j.step.autoDelete {
		s.db.set(jobTable, j.id, nil)
		s.db.tables[jobTable].compact()
		return
	}
	s.setJob(j, map[string]any{"statecode": int64(3), "statuscode": int64(30), "completedon": now})
}

// Error codes of event delivery, as signed numbers in asyncoperation.errorcode.
const (
	errNoAnswer  = 0x80050201 - 1<<32
	errHeader    = 0x80050203 - 1<<32
	errStatus    = 0x80050205 - 1<<32
	errTooLarge  = 0x80050207 - 1<<32
	errNoHandler = 0x80050206 - 1<<32
)

// prepare makes the request of a job from the endpoint as it is now.
// https://learn.microsoft.com/power-apps/developer/data-platform/register-web-hook
func (s *Simulator) prepare(j *job) (*sent, int64, string) {
	ep := s.db.get("serviceendpoint", j.step.endpoint)
	if ep == nil || ep.number("contract") != 8 {
		return nil, errNoHandler, "The service endpoint of the step is missing or is no webhook (contract 8)."
	}
	if j.tooLarge {
		return nil, errTooLarge, "The webhook payload is too large, even without its parameters and images."
	}
	out := &sent{url: ep.text("url"), body: j.body, header: http.Header{
		"Content-Type":                    {"application/json"},
		"X-Ms-Dynamics-Organization":      {s.o.Host},
		"X-Ms-Dynamics-Entity-Name":       {j.subject.table},
		"X-Ms-Dynamics-Request-Name":      {j.message},
		"X-Ms-Correlation-Request-Id":     {j.corr},
		"X-Ms-Dynamics-Msg-Size-Exceeded": {"true"},
	}}
	if !j.truncated {
		out.header.Del("x-ms-dynamics-msg-size-exceeded")
	}
	if err := out.authorize(ep); err != nil {
		return nil, errHeader, err.Error()
	}
	return out, 0, ""
}

// authorize adds the endpoint's secret: a header, a query parameter, or the code of a webhook key.
func (o *sent) authorize(ep *row) error {
	secret := ep.text("authvalue")
	if ep.number("authtype") == 4 {
		return o.addQuery("code", secret)
	}
	var settings struct {
		Setting []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"setting"`
	}
	if err := xml.Unmarshal([]byte(secret), &settings); err != nil || len(settings.Setting) == 0 {
		return fmt.Errorf("the authvalue of service endpoint %q is not of the form <settings><setting name=\"…\" value=\"…\" /></settings>", ep.text("name"))
	}
	for _, one := range settings.Setting {
		if ep.number("authtype") == 5 {
			o.header.Set(one.Name, one.Value)
		} else if err := o.addQuery(one.Name, one.Value); err != nil {
			return err
		}
	}
	return nil
}

func (o *sent) addQuery(name, value string) error {
	sep := "?"
	if strings.Contains(o.url, "?") {
		sep = "&"
	}
	o.url += sep + url.QueryEscape(name) + "=" + url.QueryEscape(value)
	return nil
}

// Advance hands over the events that are due.
func (s *Simulator) Advance(now time.Time) []control.Outgoing {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.delivery.Pause {
		return nil
	}
	var due []*item
	for len(s.agenda) > 0 && !s.agenda[0].due.After(now) {
		due = append(due, heap.Pop(&s.agenda).(*item))
	}
	if s.delivery.Shuffle {
		s.rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	}
	var out []control.Outgoing
	for _, it := range due {
		out = append(out, s.send(it)...)
	}
	return out
}

// send makes the outgoing requests of one item; none when the job failed or the event is lost.
func (s *Simulator) send(it *item) []control.Outgoing {
	it.attempt++
	if it.run != nil {
		it.run()
		return nil
	}
	if it.copy != nil {
		return []control.Outgoing{s.outgoing(it, it.copy)}
	}
	if it.attempt == 1 && s.delivery.Lose > 0 && s.rand.Float64() < float64(s.delivery.Lose) {
		s.finish(it.job, errNoAnswer, "The webhook call was lost on its way.")
		return nil
	}
	req, code, message := s.prepare(it.job)
	if req == nil {
		s.finish(it.job, code, message)
		return nil
	}
	s.setJob(it.job, map[string]any{"statecode": int64(2), "statuscode": int64(20), "startedon": s.now().UTC().Truncate(time.Second), "retrycount": int64(it.attempt - 1)})
	out := []control.Outgoing{s.outgoing(it, req)}
	if it.attempt == 1 {
		s.sent = append(s.sent, req)
		for range s.delivery.Duplicate {
			out = append(out, s.outgoing(&item{copy: req, attempt: 1}, req))
		}
	}
	return out
}

func (s *Simulator) outgoing(it *item, req *sent) control.Outgoing {
	s.flights++
	s.inFlight[s.flights] = it
	return control.Outgoing{ID: s.flights, URL: req.url, Header: req.header.Clone(), Body: req.body}
}

// Delivered takes the answer: any 2xx ends the job well; 502, 503 and 504 buy exactly one more attempt;
// anything else, and no answer unless a switch says otherwise, fails it for good.
func (s *Simulator) Delivered(id int64, status int) {
	s.mu.Lock()
	defer s.notifyUnlock()
	it := s.inFlight[id]
	delete(s.inFlight, id)
	if it == nil {
		return
	}
	retry := status >= 502 && status <= 504 || status == 0 && s.sw.flag("retryOnNoAnswer")
	if retry && it.attempt < 2 {
		it.due = s.now().Add(time.Duration(s.sw.number("retryDelaySeconds")) * time.Second)
		s.schedule(it)
		if it.job != nil {
			s.setJob(it.job, map[string]any{"statecode": int64(0), "statuscode": int64(0)})
		}
		return
	}
	if it.job == nil {
		return
	}
	switch {
	case status >= 200 && status < 300:
		s.finish(it.job, 0, "")
	case status == 0:
		s.finish(it.job, errNoAnswer, "The webhook call failed because the endpoint did not answer.")
	default:
		s.finish(it.job, errStatus, fmt.Sprintf("The webhook call failed because the http request was not successful. Response Code: %d", status))
	}
}

// Next tells when the earliest delivery is due; none while deliveries pause.
func (s *Simulator) Next() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.agenda) == 0 || s.delivery.Pause {
		return time.Time{}, false
	}
	return s.agenda[0].due, true
}

// Pending counts deliveries in flight and due by the given time.
func (s *Simulator) Pending(until time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.inFlight)
	if s.delivery.Pause {
		return n
	}
	for _, it := range s.agenda {
		if !it.due.After(until) {
			n++
		}
	}
	return n
}
