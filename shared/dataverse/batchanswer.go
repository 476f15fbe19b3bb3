package dataverse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// maxParts is what one batch may hold.
const maxParts = 1000

// readBatch gives the answers of a batch in order, those of the change set first. A change set that
// failed answers as one part, which is then the only thing that counts: it comes back with its fault. A batch
// that was refused as a whole is classified like any call.
func readBatch(resp *httpclient.Response, about asked) ([]*httpclient.Response, error) {
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
		if resp.Status >= 400 {
			return nil, classify(resp, about)
		}
		return nil, fault.New(fault.Broken, "the answer %d is not multipart", resp.Status).With("answer.malformed", "")
	}
	var answers []*httpclient.Response
	if err := collect(resp.Body, params["boundary"], 0, &answers); err != nil {
		return nil, fault.New(fault.Broken, "the batch's answer: %w", err).With("answer.malformed", "")
	}
	for _, a := range answers {
		if a.Header.Get("Date") == "" {
			a.Header.Set("Date", resp.Header.Get("Date"))
		}
	}
	if len(answers) > 0 && answers[0].Status >= 400 {
		return answers, classify(answers[0], about)
	}
	if resp.Status >= 400 && len(answers) == 0 {
		return nil, classify(resp, about)
	}
	return answers, nil
}

// collect reads one multipart body and the change set's inside it.
func collect(body []byte, boundary string, depth int, into *[]*httpclient.Response) error {
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errors.New("its parts cannot be told apart")
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return errors.New("it ends in the middle of a part")
		}
		kind, params, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		switch {
		case strings.HasPrefix(kind, "multipart/") && depth == 0:
			if err := collect(text, params["boundary"], depth+1, into); err != nil {
				return err
			}
		case kind == "application/http" && len(*into) < maxParts:
			answer, err := readPart(text)
			if err != nil {
				return err
			}
			*into = append(*into, answer)
		default:
			return errors.New("it holds a part that is no answer")
		}
	}
}

func readPart(text []byte) (*httpclient.Response, error) {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
	if err != nil {
		return nil, errors.New("a part is not an HTTP answer")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, errors.New("a part ends in the middle of its body")
	}
	return &httpclient.Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}
