package control

import (
	"strconv"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

const (
	maxCron    = 200 // characters
	cronFields = 5
)

// cronNames are what people may write instead of five fields.
func cronNames() map[string]string {
	return map[string]string{
		"every_minute": "* * * * *",
		"hourly":       "0 * * * *",
		"daily":        "0 0 * * *",
		"weekly":       "0 0 * * 0",
		"monthly":      "0 0 1 * *",
		"yearly":       "0 0 1 1 *",
	}
}

// cronField is the range of one of the five fields, and the names of its values.
type cronField struct {
	title     string
	low, high int
	names     string // of three letters each, the first for low
}

func cronGrammar() [cronFields]cronField {
	return [cronFields]cronField{
		{"minute", 0, 59, ""},
		{"hour", 0, 23, ""},
		{"day of the month", 1, 31, ""},
		{"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
		{"day of the week", 0, 7, "sunmontuewedthufrisat"},
	}
}

// frequency checks when something is to happen again and again.
func (f faults) frequency(field, text string) {
	if !f.required(field, text) {
		return
	}
	if len(text) > maxCron {
		f.add(field, "The %s field must not be greater than %d characters.", field, maxCron)
		return
	}
	if cronNames()[text] != "" {
		return
	}
	parts := strings.Fields(text)
	if len(parts) != cronFields {
		f.add(field, "The %s field must be five cron fields (minute, hour, day of the month, month, day of the week), "+
			"or one of every_minute, hourly, daily, weekly, monthly, yearly.", field)
		return
	}
	sound := true
	for i, g := range cronGrammar() {
		if !g.valid(parts[i]) {
			sound = false
			f.add(field, "%q is no %s: use *, numbers from %d to %d, ranges (a-b), steps (*/n) and lists (a,b).", parts[i], g.title, g.low, g.high)
		}
	}
	if !sound {
		return
	}
	if _, err := nextRun(text, time.Unix(0, 0)); err != nil {
		f.add(field, "The %s field names a time that never comes.", field)
	}
}

func (g cronField) valid(text string) bool {
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		if n, ok := number(step); stepped && (!ok || n < 1 || n > g.high) {
			return false
		}
		if span == "*" {
			continue
		}
		from, to, ranged := strings.Cut(span, "-")
		a, ok := g.value(from)
		if !ok || stepped && !ranged {
			return false
		}
		if b, ok := g.value(to); ranged && (!ok || b < a) {
			return false
		}
	}
	return true
}

func (g cronField) value(text string) (int, bool) {
	if i := strings.Index(g.names, strings.ToLower(text)); len(text) == 3 && i >= 0 && i%3 == 0 {
		return g.low + i/3, true
	}
	n, ok := number(text)
	return n, ok && n >= g.low && n <= g.high
}

// number reads digits, and nothing that only some programs take for a number.
func number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && len(text) <= 2 && strings.Trim(text, "0123456789") == ""
}

// nextRun is the first time behind after, in UTC, at which something with that frequency is due.
func nextRun(frequency string, after time.Time) (time.Time, error) {
	if plain := cronNames()[frequency]; plain != "" {
		frequency = plain
	}
	return gronx.NextTickAfter(strings.Join(strings.Fields(frequency), " "), after.UTC(), false)
}
