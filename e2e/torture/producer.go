package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// producer is what is deployed: one command of a deployment, which prints what its order
// says and writes down what it printed.
type producer struct {
	base  string // of its files: the folder, the run and the part
	order order
	truth *bufio.Writer
	count *os.File // how many lines were printed, for those who wait for them
	lines uint64
}

// The files of a producer, behind the name of its run and part.
const (
	startedFile = ".started" // made once; a second line says that it was started twice
	truthFile   = ".truth"   // a line for each line printed: stream and fingerprint
	countFile   = ".count"   // the number of lines, 8 bytes
	endFile     = ".end"     // the exit code, when everything was printed
)

// produce carries out a command and returns its exit code.
func produce(home, run, project, part string) int {
	p := &producer{base: filepath.Join(home, "truth", run+"-"+part)}
	code, err := p.produce(filepath.Join(home, "orders", project), part)
	if err != nil {
		fmt.Fprintln(os.Stderr, "producer:", err)
		_ = appendFile(filepath.Join(home, "faults"), fmt.Sprintf("producer %s-%s: %v\n", run, part, err))
		return 99
	}
	return code
}

func (p *producer) produce(orderFile, part string) (int, error) {
	if err := appendFile(p.base+startedFile, fmt.Sprintf("%d\n", os.Getpid())); err != nil {
		return 0, err
	}
	data, err := os.ReadFile(orderFile)
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(data, &p.order); err != nil {
		return 0, err
	}
	truth, err := os.Create(p.base + truthFile)
	if err != nil {
		return 0, err
	}
	defer truth.Close()
	p.truth = bufio.NewWriter(truth)
	if p.count, err = os.Create(p.base + countFile); err != nil {
		return 0, err
	}
	defer p.count.Close()
	if err := p.print(newGenerator(p.order, part)); err != nil {
		return 0, err
	}
	code := 0
	if part == partUp {
		code = p.order.Exit
	}
	return code, errors.Join(p.truth.Flush(), os.WriteFile(p.base+endFile, []byte(fmt.Sprint(code)), 0o644))
}

// print writes the records, several at once or one in two writes.
func (p *producer) print(g *generator) error {
	files := map[string]*os.File{stdout: os.Stdout, stderr: os.Stderr}
	waiting := map[string][]record{}
	for {
		r, ok := g.next()
		if !ok {
			break
		}
		behind, within := g.wait()
		waiting[r.stream] = append(waiting[r.stream], r)
		if r.cut > 0 {
			if err := p.flush(files[r.stream], waiting[r.stream], within); err != nil {
				return err
			}
			waiting[r.stream] = nil
		} else if behind > 0 || g.random.IntN(20) == 0 {
			if err := p.flush(files[r.stream], waiting[r.stream], 0); err != nil {
				return err
			}
			waiting[r.stream] = nil
		}
		rest(behind)
	}
	for _, name := range []string{stdout, stderr} {
		if err := p.flush(files[name], waiting[name], 0); err != nil {
			return err
		}
	}
	return nil
}

// flush prints records with one write, or with two when the last one is to be cut, and
// writes them down then.
func (p *producer) flush(to *os.File, records []record, within time.Duration) error {
	if len(records) == 0 {
		return nil
	}
	var text []byte
	cut := 0
	for _, r := range records {
		if r.cut > 0 {
			cut = len(text) + r.cut
		}
		text = append(text, r.raw...)
	}
	if _, err := to.Write(text[:cut]); err != nil {
		return err
	}
	if cut > 0 {
		rest(within)
	}
	if _, err := to.Write(text[cut:]); err != nil {
		return err
	}
	for _, r := range records {
		if len(r.raw) == 0 {
			continue // the last one, empty and without its end: no line at all
		}
		fmt.Fprintln(p.truth, r.stream, fingerprint(oracle(r.raw, p.order.Secrets)))
		p.lines++
	}
	_, err := p.count.WriteAt(binary.LittleEndian.AppendUint64(nil, p.lines), 0)
	return err
}

// rest waits; a producer is ended by nobody.
func rest(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

// appendFile adds a line to a file with one write.
func appendFile(path, line string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// The parts of a deployment that a producer plays.
const (
	partPull = "pull"
	partUp   = "up"
)

// docker answers as Docker and Compose would, as far as a deployment of one container
// asks them. What pulls and what starts prints as its order says.
func docker(args []string) int {
	self, err := exec.LookPath("docker") // by the name that we were called by
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	home := filepath.Dir(filepath.Dir(self))
	if len(args) > 0 && concernsReal(home, args) {
		return realDocker(home, args)
	}
	has := func(words ...string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(args, w) })
	}
	switch {
	case has("compose", "version"):
		fmt.Println("2.40.3")
	case has("compose", partPull), has("compose", partUp):
		part := partPull
		if has(partUp) {
			part = partUp
		}
		project := args[slices.Index(args, "--project-name")+1]
		code := produce(home, os.Getenv("TAFFRAIL_RUN"), project, part)
		if part == partUp && code == 0 {
			_ = os.WriteFile(filepath.Join(home, "containers", project), []byte(time.Now().Format(time.RFC3339Nano)), 0o644)
		}
		return code
	case has("version"):
		fmt.Println("26.1.5")
	case has("ps"):
		listContainers(home, args)
	case has("inspect", "container"):
		inspectContainers(home, args)
	case has("inspect"):
		fmt.Println("[]")
	}
	return 0
}

func listContainers(home string, args []string) {
	for _, arg := range args {
		_, project, found := strings.Cut(arg, "project=")
		if _, err := os.Stat(filepath.Join(home, "containers", project)); found && err == nil {
			fmt.Println(project)
		}
	}
}

// inspectContainers shows containers whose id is their project's name.
func inspectContainers(home string, args []string) {
	shown := []map[string]any{}
	for _, id := range args[slices.Index(args, "--")+1:] {
		since, err := os.ReadFile(filepath.Join(home, "containers", id))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		shown = append(shown, map[string]any{
			"Id": id, "Name": "/" + id + "-web-1", "Image": "sha256:" + strings.Repeat("0", 64),
			"State": map[string]any{"Status": "running", "StartedAt": string(since)},
			"Config": map[string]any{"Image": "torture:1", "Labels": map[string]string{
				"com.docker.compose.project": id, "com.docker.compose.service": "web", "com.docker.compose.oneoff": "False"}},
		})
	}
	_ = json.NewEncoder(os.Stdout).Encode(shown)
}
