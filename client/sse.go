package client

import (
	"bytes"
	"fmt"
)

const maxEvent = 4 << 20

// next reads up to the blank line that ends an event. Comments (heartbeats) and events
// without data are passed over.
func (r *eventReader) next() (event, error) {
	e := event{name: "message"}
	for {
		line, err := r.line()
		if err != nil {
			return event{}, err
		}
		if len(line) > 0 {
			e.field(line)
			continue
		}
		if e.data != nil {
			return e, nil
		}
		e = event{name: "message"}
	}
}

func (r *eventReader) line() ([]byte, error) {
	var line []byte
	for {
		part, more, err := r.in.ReadLine()
		if err != nil {
			return nil, err
		}
		line = append(line, part...)
		if len(line) > maxEvent {
			return nil, fmt.Errorf("an event is longer than %d bytes", maxEvent)
		}
		if !more {
			return line, nil
		}
	}
}

func (e *event) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		e.name = string(value)
	case "id":
		e.id = string(value)
	case "data":
		if e.data != nil {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
		if e.data == nil {
			e.data = []byte{}
		}
	}
}
