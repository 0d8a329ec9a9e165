package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/run"
)

// Frame is what a stack is written for.
type Frame struct {
	Project string // name of the project; it is in the names of all that belongs to it
	Dir     string // the owner's folder on the server, absolute
	Source  string // the folder there in which builds find the source; empty: Dir
	Names   []string
	// Marks are labels of everything that belongs to the stack. They never change for it,
	// since a changed label recreates a container.
	Marks     map[string]any
	Addresses map[string]string // comma-separated URLs by compose service
	// Labels turns the labels of a compose service into those that it gets; nil: they stay.
	Labels func(at Place, labels map[string]string) (map[string]string, error)
	// Told are further variables of a container, by what it has already; may be nil.
	Told func(service string, env map[string]any) map[string]any
	// Image names the image that is built for a compose service. With it the compose file
	// builds nothing: Output.Builds says what has to be built before. nil: Compose builds.
	Image func(service string, build map[string]any) string
}

// Place is where a compose service is reached.
type Place struct {
	Service   string
	Container string // empty: there are several, or none
	Network   string // empty: none of its own
	Ports     []int  // that it says it listens on
}

// Output is everything that goes to the server, and what a plan must know of it.
type Output struct {
	Compose string            // the compose file
	Env     string            // the file with the variables
	Files   []run.File        // what mounts need
	Secrets map[string]string // environment of the compose commands
	Copies  []Copy            // what has to be copied from the source
	Builds  []Build           // with Frame.Image
	Hash    string            // of all that
	Tree    map[string]any    // of the compose file
	Vars    map[string]string // that were filled in
	stack   *Stack
}

// Build is an image that has to be built.
type Build struct {
	Service string
	Image   string
	Context string         // below the source; empty: it is elsewhere
	Section map[string]any // as Compose takes it, with absolute paths
}

// Render writes the stack. The variables of Frame.Names go into the file for the
// containers.
func (st *Stack) Render(f Frame) (out *Output, err error) {
	defer guard(&err)
	rw := rewriter{Frame: f, stack: st, vars: st.how.Vars}
	out = &Output{Tree: rw.rewrite(), Env: dotenv(st.how.Vars, f.Names), Files: st.files(), Copies: st.copies(), Vars: st.how.Vars, stack: st}
	if rw.fault != nil {
		return nil, rw.fault
	}
	out.Secrets = rw.secrets
	if f.Image != nil {
		out.takeBuilds(f)
	}
	if out.Compose, err = compose.Render(out.Tree); err != nil {
		return nil, err
	}
	out.Hash, err = out.sum()
	return out, err
}

// takeBuilds takes what is built out of the tree. A compose service that has the image of
// another one gets that.
func (o *Output) takeBuilds(f Frame) {
	services, named := mapOf(o.Tree["services"]), map[string]string{}
	for _, name := range keysOf(services) {
		service := mapOf(services[name])
		section := mapOf(service["build"])
		if section == nil {
			continue
		}
		b := Build{Service: name, Section: section, Image: f.Image(name, section)}
		if context := textOf(mapOf(mapOf(mapOf(o.stack.tree["services"])[name])["build"])["context"]); inside(context) && !remoteForm.MatchString(context) {
			b.Context = context
		}
		if old := textOf(service["image"]); old != "" {
			named[old] = b.Image
		}
		delete(service, "build")
		service["image"], service["pull_policy"] = b.Image, "never"
		if !off(service) {
			o.Builds = append(o.Builds, b)
		}
	}
	for _, name := range keysOf(services) {
		service := mapOf(services[name])
		if image := named[textOf(service["image"])]; image != "" {
			service["image"], service["pull_policy"] = image, "never"
		}
	}
}

// sum is the hash of the configuration.
func (o *Output) sum() (string, error) {
	text, err := json.Marshal([]any{o.Compose, o.Env, o.Files, o.Secrets}) // maps come out in order
	if err != nil {
		return "", fmt.Errorf("hash configuration: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
