package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/taffrail/taffrail/api"
)

// ownMark stands before Taffrail's own lines. A command's line that starts with it is
// moved by a blank, so that no output can pass for ours.
const ownMark = "==>"

// linePrinter shows lines of a log to a person.
type linePrinter struct {
	w          io.Writer
	colour     bool
	hidden     bool
	timestamps bool
	open       bool // the line before goes on in this one
}

func (a *app) linePrinter(w io.Writer, hidden, timestamps bool) *linePrinter {
	return &linePrinter{w: w, colour: a.coloured(w), hidden: hidden, timestamps: timestamps}
}

func (p *linePrinter) print(line api.LogLine) error {
	if line.Hidden && !p.hidden {
		return nil
	}
	var b strings.Builder
	// What a carriage return would overwrite on a terminal gets a line of its own.
	parts := strings.Split(strings.TrimRight(line.Output, "\r"), "\r")
	command := text(line.Command)
	if !p.hidden {
		command = "" // a detail: the step's title says what it does
	}
	if line.Command != nil && line.Output == "" {
		parts = nil
	}
	for _, part := range parts {
		for _, row := range strings.Split(part, "\n") {
			p.line(&b, line, p.dress(line, row))
		}
	}
	if command != "" {
		p.line(&b, line, p.paint("2", ownMark+" $ "+clean(command)))
	}
	shown := b.String()
	p.open = line.Continued
	if line.Continued {
		shown = strings.TrimSuffix(shown, "\n")
	}
	_, err := io.WriteString(p.w, shown)
	return err
}

func (p *linePrinter) line(b *strings.Builder, line api.LogLine, text string) {
	if p.timestamps && !p.open {
		b.WriteString(line.Timestamp.String() + "  ")
	}
	p.open = false
	b.WriteString(text + "\n")
}

// dress makes ours and theirs, and what went to standard error, look different.
func (p *linePrinter) dress(line api.LogLine, row string) string {
	switch line.Type {
	case "info":
		return p.own(row)
	case "warning":
		return p.paint("33", ownMark+" Warning: "+clean(row))
	}
	shown := filterLine(row, p.colour)
	if strings.HasPrefix(filterLine(row, false), ownMark) { // colours before it would not show
		shown = " " + shown
	}
	if line.Type == "stderr" && !strings.Contains(shown, resetColour) {
		return p.paint("2", shown)
	}
	return shown
}

func (p *linePrinter) own(text string) string { return p.paint("1;36", ownMark+" "+clean(text)) }

func (p *linePrinter) paint(colour, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + resetColour
}

// writeOutput shows a text of many lines that came from a container.
func (a *app) writeOutput(text string) error {
	p := a.linePrinter(a.Out, true, false)
	for row := range strings.Lines(text) {
		if err := p.print(api.LogLine{Type: "stdout", Output: strings.TrimSuffix(row, "\n")}); err != nil {
			return err
		}
	}
	return nil
}

// jsonLine writes a line as one line of JSON.
func jsonLine(w io.Writer, line api.LogLine) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}
