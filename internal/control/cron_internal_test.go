package control

import (
	"strings"
	"testing"
	"time"
)

func TestNextRun(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		when, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct{ frequency, after, want string }{
		{"every_minute", "2026-05-04 03:02:01", "2026-05-04 03:03:00"},
		{"hourly", "2026-05-04 03:02:01", "2026-05-04 04:00:00"},
		{"hourly", "2026-05-04 04:00:00", "2026-05-04 05:00:00"},
		{"daily", "2026-05-04 03:02:01", "2026-05-05 00:00:00"},
		{"weekly", "2026-05-04 03:02:01", "2026-05-10 00:00:00"},
		{"monthly", "2026-05-04 03:02:01", "2026-06-01 00:00:00"},
		{"yearly", "2026-05-04 03:02:01", "2027-01-01 00:00:00"},
		{"*/15 * * * *", "2026-05-04 03:02:01", "2026-05-04 03:15:00"},
		{"0 2-4/2 * * *", "2026-05-04 03:02:01", "2026-05-04 04:00:00"},
		{"30 5 * * 1-5", "2026-05-08 05:30:00", "2026-05-11 05:30:00"},
		{"0 0 * * MON,fri", "2026-05-04 03:02:01", "2026-05-08 00:00:00"},
		{"0 0 * * 7", "2026-05-04 03:02:01", "2026-05-10 00:00:00"},
		{"0 0 1 jan-mar *", "2026-05-04 03:02:01", "2027-01-01 00:00:00"},
		{"0 0 31 * *", "2026-05-31 00:00:00", "2026-07-31 00:00:00"},
		{"0 0 29 2 *", "2026-05-04 03:02:01", "2028-02-29 00:00:00"},
		{"  0   3 * * *  ", "2026-05-04 03:02:01", "2026-05-05 03:00:00"},
	} {
		f := faults{}
		f.frequency("frequency", strings.TrimSpace(c.frequency))
		if err := f.err(); err != nil {
			t.Errorf("%q is refused: %v", c.frequency, err)
		}
		next, err := nextRun(c.frequency, at(c.after))
		if err != nil || !next.Equal(at(c.want)) {
			t.Errorf("%q after %s: %v, %v, want %s", c.frequency, c.after, next, err, c.want)
		}
	}
	// People far from Greenwich get the times of Greenwich too.
	zone := time.FixedZone("far", 5*3600+1800)
	if next, err := nextRun("daily", at("2026-05-04 23:30:00").In(zone)); err != nil || !next.Equal(at("2026-05-05 00:00:00")) {
		t.Errorf("daily in another zone: %v, %v", next, err)
	}
}

func TestFrequenciesThatAreNone(t *testing.T) {
	t.Parallel()
	bad := []string{
		"", "* * * * * root id", "@reboot", "@daily", "@every 1s", "@everysecond", "61 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
		"* * * 0 *", "* * * * 8", "* * * *", "* * * * * *", "* * * * * * *", "5-3 * * * *", "*/0 * * * *", "*/x * * * *", "*/60 * * * *", "1/5 * * * *",
		"-1 * * * *", "1- * * * *", ", * * * *", "1,,2 * * * *", "1, * * * *", "+1 * * * *", "1.5 * * * *", "0x1 * * * *", "١ * * * *", "* * L * *",
		"* * 15W * *", "* * * * 5#3", "? * * * *", "* * * foo *", "* * * * monday", "* * * * mo", "* * * nfe *", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *",
		"*;id * * * *", "$(id) * * * *", "`id` * * * *", "*\n* * * *\n* * * * * id", "* * * * *\x00", "daily ", "Daily", "every_second",
		strings.Repeat("1,", 5000) + "1 * * * *", strings.Repeat("*", 10_000), "001 * * * *",
	}
	for _, text := range bad {
		f := faults{}
		f.frequency("frequency", text)
		if len(f["frequency"]) == 0 {
			t.Errorf("%.60q is accepted", text)
		}
		for _, said := range f["frequency"] {
			if len(said) > 400 {
				t.Errorf("%.60q is answered with %d characters", text, len(said))
			}
		}
	}
}

// FuzzFrequency looks for texts that are accepted although nothing can be made of them.
func FuzzFrequency(f *testing.F) {
	for _, text := range []string{"daily", "* * * * *", "0 0 29 2 *", "*/5 1-3,7 * jan mon", "61 * * * *", "@reboot"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := faults{}
		found.frequency("frequency", text)
		if len(found) > 0 {
			return
		}
		after := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
		next, err := nextRun(text, after)
		if err != nil || !next.After(after) || next.Second() != 0 {
			t.Errorf("%q is accepted, and next due %v, %v", text, next, err)
		}
	})
}
