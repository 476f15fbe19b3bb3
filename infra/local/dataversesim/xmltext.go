package dataversesim

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readXML reads a whole document with a root of that name.
func readXML(text, root string, into any) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("it has no root element: %w", err)
		}
		start, isStart := token.(xml.StartElement)
		if !isStart {
			continue
		}
		if start.Name.Local != root {
			return fmt.Errorf("its root element is %s, not %s", start.Name.Local, root)
		}
		if err := d.DecodeElement(into, &start); err != nil {
			return err
		}
		break
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, more := token.(xml.StartElement); more {
			return errors.New("there is more after the root element")
		}
	}
}
