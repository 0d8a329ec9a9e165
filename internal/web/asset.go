package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strings"
)

const assetPrefix = "/static/"

//go:embed static
var staticFiles embed.FS

// assets are the styles and scripts, compressed once. All are below one version, the
// hash of them all, so that modules find each other by relative names and browsers keep
// them for good.
type assets struct {
	version string
	files   map[string]asset
}

type asset struct {
	media string
	plain []byte
	gzip  []byte
}

func loadAssets() (assets, error) {
	a := assets{files: map[string]asset{}}
	sum := sha256.New()
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return a, err
	}
	for _, e := range entries {
		plain, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return a, err
		}
		sum.Write([]byte(e.Name()))
		sum.Write(plain)
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return a, err
		}
		if _, err := z.Write(plain); err != nil {
			return a, err
		}
		if err := z.Close(); err != nil {
			return a, err
		}
		a.files[e.Name()] = asset{media: mediaOf(e.Name()), plain: plain, gzip: b.Bytes()}
	}
	a.version = hex.EncodeToString(sum.Sum(nil))[:12]
	return a, nil
}

func mediaOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// url is where a page finds an asset.
func (a assets) url(name string) string { return assetPrefix + a.version + "/" + name }

// ServeHTTP serves an asset. One of another version is served too: a page that was
// loaded before an update asks for it, and gets the present one without keeping it.
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.media)
	if r.PathValue("version") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
		body = f.gzip
	}
	_, _ = io.Copy(w, bytes.NewReader(body)) // the reader is gone: nobody is left to tell
}
