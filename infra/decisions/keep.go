package decisions

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
)

// File is where the cases are kept, in this folder.
const File = "testdata/decisions.jsonl.gz"

// Write keeps the cases: the same cases make the same file.
func Write(name string, cases []Case) error {
	var out bytes.Buffer
	packed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, c := range cases {
		text, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("writing down a decision: %w", err)
		}
		if _, err := packed.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	if err := packed.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o644)
}

// Read gives the cases that are kept.
func Read(name string) (out []Case, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	lines := bufio.NewScanner(packed)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("reading %s, line %d: %w", name, len(out)+1, err)
		}
		out = append(out, c)
	}
	return out, lines.Err()
}
