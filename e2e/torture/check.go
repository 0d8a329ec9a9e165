package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/api"
)

// check holds everything that was printed, shown and stored against each other. Its error
// is that it could not ask; what is wrong are violations.
func (l *life) check(ctx context.Context, ended api.Deployment) error {
	lines, err := l.wholeLog(ctx)
	if err != nil {
		return err
	}
	rows, err := l.rows(ctx, l.deployment)
	if err != nil {
		return err
	}
	steps, err := l.api.ListSteps(ctx, l.deployment)
	if err != nil {
		return err
	}
	again, err := l.status.GetDeployment(ctx, l.deployment)
	if err != nil {
		return err
	}
	if again.Status != ended.Status {
		l.complain("ended as %s, and is %s now", ended.Status, again.Status)
	}
	l.checkRows(lines, rows)
	l.checkJournals(lines)
	l.checkSteps(lines, steps)
	printed := 0
	for _, part := range []string{partPull, partUp} {
		printed += l.checkPart(part, lines, steps)
	}
	l.checkEnd(again, lines)
	l.report.lived(len(lines), printed)
	l.tidy()
	return nil
}

// wholeLog reads the log once more, from its start.
func (l *life) wholeLog(ctx context.Context) ([]api.LogLine, error) {
	var lines []api.LogLine
	for after := int64(0); ; {
		p, err := l.api.GetLog(ctx, l.deployment, after, 1000, true)
		if err != nil {
			return nil, err
		}
		lines = append(lines, p.Lines...)
		if !p.More {
			break
		}
		after = p.Next
	}
	for i, line := range lines {
		if line.Order != int64(i+1) {
			l.complain("the log has line %d in place %d", line.Order, i+1)
			break
		}
	}
	return lines, nil
}

// checkRows: the rows are the lines, each once.
func (l *life) checkRows(lines []api.LogLine, rows []storedLine) {
	next := int64(1)
	for _, row := range rows {
		if row.seq != next || row.last < row.seq || row.last > int64(len(lines)) {
			l.complain("row %d to %d where line %d of %d should be", row.seq, row.last, next, len(lines))
			return
		}
		line := lines[row.seq-1]
		if row.stream != "" && (row.stream != line.Type || row.continued != line.Continued || row.output != line.Output) {
			l.complain("row %d is not line %d: %.80q, %.80q", row.seq, line.Order, row.output, line.Output)
			return
		}
		next = row.last + 1
	}
	if next != int64(len(lines)+1) {
		l.complain("the rows end before line %d of %d", next, len(lines))
	}
}

// checkJournals: what was ever shown to anybody is in the log as it was shown, and whoever
// was told of the end has seen it all.
func (l *life) checkJournals(lines []api.LogLine) {
	for _, j := range l.journals {
		j.mu.Lock()
		for seq, print := range j.lines {
			if seq > int64(len(lines)) {
				l.complain("%s: line %d was shown and is not in the log, which has %d", j.name, seq, len(lines))
			} else if print != fingerprintOf(lines[seq-1]) {
				l.complain("%s: line %d was shown otherwise than it is now: %.80q", j.name, seq, lines[seq-1].Output)
			}
		}
		if j.ended && j.last != int64(len(lines)) {
			l.complain("%s: the end was told behind line %d of %d", j.name, j.last, len(lines))
		}
		l.report.streams(j.streams)
		j.mu.Unlock()
	}
}

// checkSteps: each step is announced once, and none is left open.
func (l *life) checkSteps(lines []api.LogLine, steps []api.Step) {
	announced := map[int]int{}
	for _, line := range lines {
		if line.Command != nil && *line.Command != "" {
			announced[line.Step]++
		}
		for _, s := range l.order.Secrets {
			if strings.Contains(line.Output, s) {
				l.complain("line %d holds a secret", line.Order)
			}
		}
	}
	for _, s := range steps {
		if s.State == "running" {
			l.complain("step %d is still running", s.Number)
		}
		if want := s.Command != nil && *s.Command != ""; want && announced[s.Number] != 1 {
			l.complain("step %d is announced %d times", s.Number, announced[s.Number])
		}
	}
}

// checkPart compares what a command printed, as it noted it itself, with the log.
func (l *life) checkPart(part string, lines []api.LogLine, steps []api.Step) int {
	started, err := os.ReadFile(l.truth(part) + startedFile)
	if err != nil {
		return 0
	}
	if n := bytes.Count(started, []byte("\n")); n != 1 {
		l.complain("%s was started %d times", part, n)
		return 0
	}
	if _, err := os.Stat(l.truth(part) + endFile); err != nil {
		l.complain("%s was ended before it had printed everything", part)
		return 0
	}
	number := slices.IndexFunc(steps, func(s api.Step) bool { return s.Command != nil && slices.Contains(strings.Fields(*s.Command), part) })
	if number < 0 {
		l.complain("%s was started, and is no step", part)
		return 0
	}
	want, err := readTruth(l.truth(part) + truthFile)
	if err != nil {
		l.complain("truth of %s: %v", part, err)
	}
	got := map[string][]shown{}
	parts := map[string]string{}
	for _, line := range lines {
		if line.Step != steps[number].Number || line.Type != stdout && line.Type != stderr {
			continue
		}
		parts[line.Type] += line.Output
		if !line.Continued {
			got[line.Type] = append(got[line.Type], shown{line.Order, parts[line.Type]})
			parts[line.Type] = ""
		}
	}
	for _, stream := range []string{stdout, stderr} {
		l.compare(part+" "+stream, want[stream], got[stream])
	}
	return len(want[stdout]) + len(want[stderr])
}

// shown is a whole line of a log, and the number of its last part.
type shown struct {
	order int64
	text  string
}

func (l *life) compare(what string, want []string, got []shown) {
	for i, w := range want {
		if i >= len(got) {
			l.complain("%s: %d lines of %d are in the log", what, len(got), len(want))
			return
		}
		if fingerprint(got[i].text) != w {
			l.complain("%s: printed line %d of %d is not line %d of the log, which has %d: %.120q", what, i+1, len(want), got[i].order, len(got), got[i].text)
			return
		}
	}
	if len(got) > len(want) {
		l.complain("%s: the log has %d lines, %d were printed: %.120q", what, len(got), len(want), got[len(want)].text)
	}
}

// readTruth reads what a producer noted: fingerprints by stream.
func readTruth(path string) (map[string][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	truth := map[string][]string{}
	for in := bufio.NewScanner(f); in.Scan(); {
		stream, print, _ := strings.Cut(in.Text(), " ")
		truth[stream] = append(truth[stream], print)
	}
	return truth, nil
}

// checkEnd: the status is what the commands say, and the last line of the log says so once.
func (l *life) checkEnd(d api.Deployment, lines []api.LogLine) {
	if len(lines) == 0 {
		l.complain("%s without a line", d.Status)
		return
	}
	for i, line := range lines {
		last := line.Step == 0 && (strings.HasPrefix(line.Output, "Deploy finished in") || strings.HasPrefix(line.Output, "Deploy failed after"))
		if last != (i == len(lines)-1) {
			l.complain("line %d of %d: %q", line.Order, len(lines), line.Output)
		}
	}
	if !l.real { // see checkReal
		l.checkStatus(d)
	}
}

func (l *life) checkStatus(d api.Deployment) {
	_, unbegun := os.Stat(l.truth(partPull) + startedFile)
	code, err := os.ReadFile(l.truth(partUp) + endFile)
	reason := reasonOf(d)
	switch {
	case unbegun != nil && d.Status == api.StatusFailed && excused(reason):
		l.report.refused()
	case err != nil:
		l.complain("%s, and its last command never ended: %s", d.Status, reason)
	case string(code) == "0" && d.Status != api.StatusFinished:
		l.complain("wrongly %s: %s", d.Status, reason)
	case string(code) == "0":
	case d.Status != api.StatusFailed:
		l.complain("%s, with exit code %s", d.Status, code)
	case d.Outcome.ExitCode == nil || strconv.Itoa(*d.Outcome.ExitCode) != string(code):
		l.complain("the exit code is %s, and not what it says: %s", code, reason)
	}
}

func reasonOf(d api.Deployment) string {
	if d.Outcome == nil {
		return ""
	}
	return d.Outcome.Reason
}

// excused: a server that is full or away for long before anything was started there is
// reason enough to say no.
func excused(reason string) bool {
	for _, text := range []string{"no space", "did not answer", "refused the connection", "The connection to", "takes no more connections"} {
		if strings.Contains(reason, text) {
			return true
		}
	}
	return false
}

// tidy takes away what is not needed any more: hours of this must fit on a disk.
func (l *life) tidy() {
	for _, part := range []string{partPull, partUp} {
		for _, file := range []string{truthFile, countFile} {
			_ = os.Remove(l.truth(part) + file)
		}
	}
}

// lookForSecrets goes through all that the controller has written.
func (a *arena) lookForSecrets() {
	var needles [][]byte
	for i := range a.Lives {
		for _, s := range secrets(a.random(uint64(1000 + i))) {
			needles = append(needles, []byte(s), []byte(base64.StdEncoding.EncodeToString([]byte(s))[:len(s)]))
		}
	}
	look := func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // files come and go
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		for _, n := range needles {
			if bytes.Contains(data, n) {
				a.report.violate(fmt.Sprintf("%s: %s holds a secret", a.Store, filepath.Base(path)))
				break
			}
		}
		return nil
	}
	_ = filepath.WalkDir(a.data.path, look)
	_ = filepath.WalkDir(filepath.Join(a.Dir, "database"), look)
	_ = filepath.WalkDir(filepath.Join(a.Dir, "controller.log"), look)
}
