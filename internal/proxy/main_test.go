package proxy_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/run"
)

// TestMain lets this program also be what carries out runs, and the application in the
// containers of the lab tests with its health check.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "run":
			os.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
		case "serve":
			serve()
		case "health":
			os.Exit(askHealth())
		}
	}
	os.Exit(m.Run())
}

const appPort = "3000"

// serve is an application as one should not write it: it listens before it is ready,
// gives errors until then, and ends at SIGTERM whatever it is at.
func serve() {
	var ready atomic.Bool
	delay, _ := time.ParseDuration(os.Getenv("READY_AFTER"))
	time.AfterFunc(delay, func() { ready.Store(true) })
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !ready.Load() {
			http.Error(w, "not ready", http.StatusInternalServerError)
			return
		}
		if d, err := time.ParseDuration(r.FormValue("take")); err == nil {
			<-time.After(d)
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprintf(w, "%s %s %s\n", os.Getenv("VERSION"), r.Method, r.URL.Path)
	})
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()
	s := &http.Server{Addr: ":" + appPort, Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Fprintln(os.Stderr, s.ListenAndServe())
	os.Exit(1)
}

func askHealth() int {
	r, err := http.Get("http://127.0.0.1:" + appPort + "/healthz")
	if err != nil {
		return 1
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}
