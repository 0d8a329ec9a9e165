package server

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// The parts of a backup: a gzipped tar with the manifest first.
const (
	partManifest = "manifest.json"
	partDatabase = "database"
	partKey      = "secret.key"
	// archiveForm is the form of the archive that this program reads and writes.
	archiveForm = 1
)

// manifest says what is in an archive.
type manifest struct {
	Form int               `json:"form"`
	Sums map[string]string `json:"sha256"` // of the other parts
	BackupReport
}

// writeArchive packs files by the names of their parts.
func writeArchive(path string, report BackupReport, parts map[string]string) (err error) {
	m := manifest{Form: archiveForm, Sums: map[string]string{}, BackupReport: report}
	for name, file := range parts {
		if m.Sums[name], err = sumOf(file); err != nil {
			return err
		}
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	zip := gzip.NewWriter(out)
	pack := tar.NewWriter(zip)
	defer func() { err = errors.Join(err, pack.Close(), zip.Close(), out.Sync(), out.Close()) }()
	head, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := writePart(pack, partManifest, int64(len(head)), strings.NewReader(string(head))); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if err := writeFilePart(pack, name, parts[name]); err != nil {
			return err
		}
	}
	return nil
}

func writeFilePart(to *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return writePart(to, name, info.Size(), f)
}

func writePart(to *tar.Writer, name string, size int64, from io.Reader) error {
	if err := to.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(to, from)
	return err
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// readArchive unpacks an archive into dir, each part under its name, and checks every
// part against its sum.
func readArchive(path, dir string) (manifest, error) {
	var m manifest
	in, err := os.Open(path)
	if err != nil {
		return m, &core.Error{Op: "restore", Code: core.CodeBadRequest, Err: err, Msg: fmt.Sprintf("The backup cannot be read: %v.", err)}
	}
	defer func() { _ = in.Close() }()
	zip, err := gzip.NewReader(in)
	if err != nil {
		return m, damaged(err)
	}
	pack := tar.NewReader(zip)
	for {
		head, err := pack.Next()
		if errors.Is(err, io.EOF) {
			return m, m.complete()
		}
		if err == nil {
			err = m.take(head.Name, pack, dir)
		}
		if err != nil {
			return m, damaged(err)
		}
	}
}

// take reads one part. Names are those that the manifest has, and so never lead out of dir.
func (m *manifest) take(name string, from io.Reader, dir string) error {
	if name == partManifest {
		return json.NewDecoder(io.LimitReader(from, 1<<20)).Decode(m)
	}
	want, known := m.Sums[name]
	if !known || name != partDatabase && name != partKey {
		return fmt.Errorf("the part %q is not in the manifest", name)
	}
	path := filepath.Join(dir, name)
	if err := copyFile(path, from); err != nil {
		return err
	}
	got, err := sumOf(path)
	if err == nil && got != want {
		err = fmt.Errorf("the part %q has the sum %s, not %s", name, got, want)
	}
	delete(m.Sums, name)
	return err
}

// complete says whether everything came.
func (m *manifest) complete() error {
	switch {
	case m.Form == 0:
		return damaged(errors.New("there is no manifest"))
	case m.Form != archiveForm:
		return core.Errorf(core.CodeBadRequest, "The backup was written by a newer Taffrail (%s). Restore it with that one.", m.Version)
	case len(m.Sums) > 0:
		return damaged(fmt.Errorf("missing: %v", slices.Sorted(maps.Keys(m.Sums))))
	}
	return nil
}

func damaged(err error) error {
	return &core.Error{Op: "restore", Code: core.CodeBadRequest, Err: err, Msg: fmt.Sprintf("The backup is damaged, or no backup of Taffrail: %v.", err)}
}
