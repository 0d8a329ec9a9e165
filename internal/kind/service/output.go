package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// output is everything that goes to the server, and what a plan must know of it.
type output struct {
	compose string            // the rewritten compose file
	env     string            // the file with the variables
	files   []run.File        // what mounts need
	secrets map[string]string // environment of the compose commands
	hash    string
	stack   *stack
	tree    map[string]any
	vars    values
}

// compose makes what goes to the server from a service's text.
func (k *Kind) compose(s core.Service, envs []core.EnvVar, dir string, allowHost bool) (out *output, err error) {
	defer guard(&err)
	schema, err := k.schemaFunc()
	if err != nil {
		return nil, err
	}
	if err := compose.CheckVariables(envs); err != nil {
		return nil, err
	}
	sc, err := scanText(s.ComposeRaw.Reveal(), s.LabelEscape)
	if err != nil {
		return nil, err
	}
	rows := sc.chosen(envs, s)
	vars := expanded(rows)
	names := runtimeNames(rows, vars)
	if _, set := vars[projectVariable]; !set {
		vars[projectVariable] = string(s.UUID)
	}
	st, err := sc.read(schema, reading{vars: vars, project: string(s.UUID), allowHost: allowHost})
	if err != nil {
		return nil, err
	}
	rw := rewriter{stack: st, service: s, vars: vars, dir: dir}
	out = &output{stack: st, tree: rw.rewrite(), env: dotenv(vars, names), files: st.files(), vars: vars}
	out.secrets = rw.secrets
	if out.compose, err = compose.Render(out.tree); err != nil {
		return nil, err
	}
	out.hash, err = out.sum()
	return out, err
}

// sum is the hash of the configuration.
func (o *output) sum() (string, error) {
	text, err := json.Marshal([]any{o.compose, o.env, o.files, o.secrets}) // maps come out in order
	if err != nil {
		return "", fmt.Errorf("hash configuration: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
