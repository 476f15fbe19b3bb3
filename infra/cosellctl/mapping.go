package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

type mappingCmd struct {
	Check  checkMapping  `cmd:"" help:"Name every mistake of a field sheet, also beside the CRM's columns of now."`
	Push   pushMapping   `cmd:"" help:"Check a field sheet, count what it would change, and put it in force."`
	Pull   pullMapping   `cmd:"" help:"Print the field sheet that was pushed last."`
	Diff   diffMapping   `cmd:"" help:"What a field sheet has otherwise than the one in force."`
	Schema schemaMapping `cmd:"" help:"Print the JSON Schema of a field sheet, for editors."`
}

type (
	checkMapping struct{ sheetFile }
	pushMapping  struct {
		sheetFile
		Yes    bool   `help:"Push although values that are there would change."`
		Reason string `help:"Why; it is kept with the version."`
	}
	pullMapping struct {
		Version int    `help:"Another version than the one that counts, by its number."`
		Out     string `type:"path" placeholder:"FILE" help:"Write it there."`
		List    bool   `help:"Only name all versions."`
	}
	diffMapping   struct{ sheetFile }
	schemaMapping struct{}
)

// largestSheet is what one call to the app takes, in bytes, with room for what JSON adds.
const largestSheet = 500_000

type sheetFile struct {
	File string `arg:"" type:"path" help:"The field sheet, as mapping.yaml."`
}

// read gives the file under the name that its mistakes are told under.
func (f sheetFile) read() (office.SheetText, error) {
	text, err := os.ReadFile(f.File)
	if err != nil {
		return office.SheetText{}, &wrongError{"the field sheet: " + err.Error()}
	}
	s := office.SheetText{File: filepath.Base(f.File), Text: string(text)}
	if len(text) > largestSheet {
		err = &wrongError{fmt.Sprintf("%s has %d bytes, and a field sheet has at most %d: is it the right file?", s.File, len(text), largestSheet)}
	}
	return s, err
}

// hand gives the file to the app.
func (f sheetFile) hand(ctx context.Context, c *client, route string) (office.Answer, *office.Mapping, error) {
	s, err := f.read()
	if err != nil {
		return office.Answer{}, nil, err
	}
	return handed(ctx, c, route, s)
}

func handed(ctx context.Context, c *client, route string, s office.SheetText) (office.Answer, *office.Mapping, error) {
	if bad := mapping.Unreadable(mapping.Source{Name: s.File, Text: []byte(s.Text)}); bad != "" { // before another encoding is lost on the way
		m := office.Mapping{Mistakes: []string{bad}}
		return office.Answer{Mapping: &m}, &m, nil
	}
	a, err := c.do(ctx, route, s)
	if err == nil && a.Mapping == nil {
		err = &awayError{c.base + " answers nothing about field sheets: is it an older version?"}
	}
	return a, a.Mapping, err
}

// Run checks; a mistake is something found.
func (m *checkMapping) Run(ctx context.Context, c *client, p *printer) error {
	a, said, err := m.hand(ctx, c, "mapping/check")
	if err != nil {
		return err
	}
	return foundUnless(len(said.Mistakes) == 0, p.show(a, func() {
		p.mistakes(said)
		if len(said.Mistakes) == 0 {
			p.line("%s has no mistake", filepath.Base(m.File))
		}
	}))
}

// Run pushes; it is found something where the sheet was not taken.
func (m *pushMapping) Run(ctx context.Context, c *client, p *printer) error {
	s, err := m.read()
	if err != nil {
		return err
	}
	s.Yes, s.Reason = m.Yes, m.Reason
	a, said, err := handed(ctx, c, "mapping/push", s)
	for err == nil && said.Next != "" && said.Counts != nil { // too many pairs for one call
		if !p.json {
			p.line("%d of %d pairs were looked at", said.Counts.Looked, said.Counts.Pairs)
		}
		s.From, s.Counted = said.Next, said.Counts
		if said.Version != nil {
			s.After = said.Version.Number
		}
		a, said, err = handed(ctx, c, "mapping/push", s)
		if err == nil && said.Next == s.From {
			break // it does not get on
		}
	}
	if err != nil {
		return err
	}
	same := !said.Pushed && said.Counts == nil && len(said.Mistakes) == 0
	return foundUnless(said.Pushed || same, p.show(a, func() { p.pushed(said) }))
}

// Run prints a version.
func (m *pullMapping) Run(ctx context.Context, c *client, p *printer) error {
	query := url.Values{}
	if m.Version > 0 {
		query.Set("id", strconv.Itoa(m.Version))
	}
	a, err := c.ask(ctx, "mapping", query)
	if err != nil {
		return err
	}
	if a.Mapping == nil || a.Mapping.Version == nil {
		return &awayError{c.base + " answers nothing about field sheets: is it an older version?"}
	}
	v := a.Mapping.Version
	switch {
	case m.Out != "":
		if err := os.WriteFile(m.Out, []byte(v.Text), 0o644); err != nil {
			return &wrongError{"the field sheet: " + err.Error()}
		}
		return p.show(a, func() { p.line("version %d is in %s", v.Number, m.Out) })
	case m.List:
		return p.show(a, func() { p.versions(a.Mapping) })
	case v.Number == 0:
		return p.show(a, func() { p.line("# nobody has pushed a field sheet: that of the package counts") })
	}
	return p.show(a, func() { fmt.Fprint(p.out, v.Text) })
}

// Run shows differences; any is something found.
func (m *diffMapping) Run(ctx context.Context, c *client, p *printer) error {
	a, said, err := m.hand(ctx, c, "mapping/diff")
	if err != nil {
		return err
	}
	return foundUnless(len(said.Mistakes) == 0 && len(said.Differences) == 0, p.show(a, func() { p.differences(said) }))
}

// Run prints the schema of this program's version, which asks nobody.
func (*schemaMapping) Run(p *printer) error {
	_, err := p.out.Write(mapping.JSONSchema())
	return err
}

func (p *printer) mistakes(m *office.Mapping) {
	for _, one := range m.Mistakes {
		p.line("%s", one)
	}
	for _, one := range m.Notes {
		p.line("note: %s", one)
	}
}

func (p *printer) pushed(m *office.Mapping) {
	p.mistakes(m)
	if len(m.Mistakes) > 0 {
		p.line("%s: nothing was pushed", counted(len(m.Mistakes), "mistake"))
		return
	}
	if n := m.Counts; n != nil {
		p.line("Of %s, %d would change, %d be filled, %d be refused, %d be held", counted(n.Pairs, "pair"), n.Change, n.Fill, n.Refused, n.Held)
		if n.Looked < n.Pairs || n.Unread > 0 {
			p.line("%d were not looked at in time, %d cannot be read now", n.Pairs-n.Looked, n.Unread)
		}
		var rows [][]string
		for _, w := range n.Examples {
			rows = append(rows, []string{w.To, w.Field, w.From, w.Value})
		}
		if len(rows) > 0 {
			p.table("TO|FIELD|FROM|VALUE", rows)
		}
	}
	switch {
	case m.Pushed:
		p.line("version %d is in force everywhere within a minute", m.Version.Number)
	case m.Counts != nil:
		p.line("nothing was pushed: %s; --yes pushes all the same", m.Why)
	default:
		p.line("nothing was pushed: %s", m.Why)
	}
}

func (p *printer) versions(m *office.Mapping) {
	var rows [][]string
	for _, v := range m.Versions {
		rows = append(rows, []string{strconv.Itoa(v.Number), when(v.At), v.By, v.File, v.Reason})
	}
	p.table("VERSION|PUSHED|BY|FILE|WHY", rows)
}

func (p *printer) differences(m *office.Mapping) {
	p.mistakes(m)
	var rows [][]string
	for _, d := range m.Differences {
		rows = append(rows, []string{d.Field, d.Key, d.Now, d.Then})
	}
	switch {
	case len(rows) > 0:
		p.table("FIELD|KEY|NOW|THEN", rows)
	case len(m.Mistakes) == 0:
		p.line("the sheet in force says the same")
	}
}
