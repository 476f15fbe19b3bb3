package dataverse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// Write is one write of a change set. Path is relative: "opportunities(<id>)", "WinOpportunity",
// "leads(<id>)/Microsoft.Dynamics.CRM.QualifyLead". A PATCH or DELETE carries a condition: IfMatch an ETag
// or "*", or IfNoneMatch "*" for a new row.
type Write struct {
	Method, Path         string
	IfMatch, IfNoneMatch string
	Body                 map[string]any
}

// Read is the read that may follow a change set.
type Read struct {
	Set, ID string
	Query   Query
}

const rowForm = `[A-Za-z_][A-Za-z0-9_]*\([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\)`

// writePath is a row, an action, or an action of a row.
var writePath = pattern.New(`^(` + rowForm + `(/Microsoft\.Dynamics\.CRM\.[A-Za-z]+)?|[A-Za-z_][A-Za-z0-9_]*)$`)

// ChangeSet sends the writes as one transaction: all of them happen, or none. Then, if then is not nil, it
// reads a row as it is afterwards, with the same call. Faults are those of the write that failed; after a
// lost answer (Broken) the writes may have happened, and a second time end in Conflict. Later with Maybe: they
// have, and the row does not show it yet.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/execute-batch-operations-using-web-api
func (c *Client) ChangeSet(ctx context.Context, writes []Write, then *Read) (Row, error) {
	row, err := c.changeSet(ctx, writes, then)
	if err != nil {
		return Row{}, fmt.Errorf("writing a change set of %d: %w", len(writes), err)
	}
	return row, nil
}

func (c *Client) changeSet(ctx context.Context, writes []Write, then *Read) (Row, error) {
	boundary := "batch_" + uuid.NewString()
	body, err := c.batch(boundary, writes, then)
	if err != nil {
		return Row{}, err
	}
	header := http.Header{"Content-Type": {`multipart/mixed; boundary="` + boundary + `"`}}
	resp, err := c.send(ctx, http.MethodPost, c.root+"/$batch", header, body)
	if err != nil {
		return Row{}, err
	}
	about := writing(writes...)
	answers, err := readBatch(resp, about)
	for _, a := range answers {
		if a.Status == http.StatusTooManyRequests { // in an answer that is none itself
			c.http.Throttled(ctx, httpclient.RetryAfter(a, resp.Date()))
		}
	}
	if err != nil {
		return Row{}, keptFromUs(&c.writes, err, first(about.own), resp)
	}
	if len(answers) < len(writes) {
		return Row{}, fault.New(fault.Broken, "%d answers to %d writes", len(answers), len(writes)).With("answer.malformed", "")
	}
	for _, a := range answers[:len(writes)] {
		if a.Status < 200 || a.Status > 299 {
			return Row{}, keptFromUs(&c.writes, classify(a, about), first(about.own), resp)
		}
	}
	c.writes.Yes()
	if then == nil {
		return Row{}, nil
	}
	if len(answers) > len(writes) && answers[len(writes)].Status == http.StatusOK {
		if row, err := whole(answers[len(writes)]); err == nil {
			return row, shows(row, *then, writes)
		}
	}
	return c.written(ctx, *then, writes)
}

// written reads a row that was written and whose answer does not show it.
func (c *Client) written(ctx context.Context, then Read, writes []Write) (Row, error) {
	row, err := c.get(ctx, then.Set, then.ID, then.Query)
	if err == nil {
		return row, shows(row, then, writes)
	}
	if fault.Is(err, fault.Gone) {
		return Row{}, fault.Unseen("the row was written and cannot be read yet: %w", err)
	}
	done := *fault.Of(err)
	done.Maybe = true
	return Row{}, &done
}

// shows says whether a row that was read after a write is not the one before it: reads may come from a replica
// that is behind. Stale with Maybe: it is.
func shows(row Row, then Read, writes []Write) error {
	for _, w := range writes {
		if w.IfMatch == row.ETag() && "/"+w.Path == Bind(then.Set, then.ID) {
			return fault.Unseen("the row was written and is shown as it was before")
		}
	}
	return nil
}

// batch writes the body. Values cannot break out of their part: they are JSON, and everything in the
// lines above it is checked against a form that has no line ends.
func (c *Client) batch(boundary string, writes []Write, then *Read) ([]byte, error) {
	if len(writes) == 0 {
		return nil, fault.New(fault.Invalid, "there is nothing to write").With("batch.invalid", "")
	}
	set := "changeset_" + uuid.NewString()
	var b bytes.Buffer
	line(&b, "--"+boundary, `Content-Type: multipart/mixed; boundary="`+set+`"`, "")
	for i, w := range writes {
		body, err := w.encode()
		if err != nil {
			return nil, err
		}
		line(&b, "--"+set, "Content-Type: application/http", "Content-Transfer-Encoding: binary", "Content-ID: "+strconv.Itoa(i+1), "")
		line(&b, w.Method+" "+c.base.EscapedPath()+"/"+w.Path+" HTTP/1.1")
		if body != nil {
			line(&b, "Content-Type: application/json; type=entry")
		}
		if w.IfMatch != "" {
			line(&b, "If-Match: "+w.IfMatch)
		}
		if w.IfNoneMatch != "" {
			line(&b, "If-None-Match: "+w.IfNoneMatch)
		}
		line(&b, "", string(body))
	}
	line(&b, "--"+set+"--", "")
	if then != nil {
		target, err := c.rowURL(then.Set, then.ID, then.Query)
		if err != nil {
			return nil, err
		}
		path := strings.TrimPrefix(target, "https://"+c.base.Host)
		line(&b, "--"+boundary, "Content-Type: application/http", "Content-Transfer-Encoding: binary", "")
		line(&b, "GET "+path+" HTTP/1.1", "Accept: application/json", "OData-MaxVersion: 4.0", "OData-Version: 4.0",
			"If-None-Match: null", "", "")
	}
	line(&b, "--"+boundary+"--")
	return b.Bytes(), nil
}

// encode checks everything that comes to stand in a header line, and gives the body.
func (w Write) encode() ([]byte, error) {
	conditional := w.Method == http.MethodPatch || w.Method == http.MethodDelete
	switch {
	case !conditional && w.Method != http.MethodPost, !writePath.MatchString(w.Path):
		return nil, fault.New(fault.Invalid, "%q %q is not a write of a change set", w.Method, shorten(w.Path, 100)).With("batch.invalid", "")
	case w.IfMatch != "" && w.IfMatch != "*" && !usableETag.MatchString(w.IfMatch), w.IfNoneMatch != "" && w.IfNoneMatch != "*":
		return nil, fault.New(fault.Invalid, "the condition on %s is not an ETag", w.Path).With("etag.unusable", "")
	case conditional && w.IfMatch == "" && w.IfNoneMatch == "":
		return nil, fault.New(fault.Invalid, "%s is only written under a condition", w.Path).With("etag.unusable", "")
	case w.Body == nil:
		return nil, nil
	}
	body, err := json.Marshal(w.Body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the columns of %s cannot be written as JSON: %w", w.Path, err)
	}
	return body, nil
}

func line(b *bytes.Buffer, lines ...string) {
	for _, l := range lines {
		b.WriteString(l)
		b.WriteString("\r\n")
	}
}
