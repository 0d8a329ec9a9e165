package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/supervise"
)

// Server is a controller. Open it, Run it, Close it.
type Server struct {
	cfg   config.Config
	log   *slog.Logger
	web   *httpServer
	db    *sqlstore.DB
	group *supervise.Group
	first bool // nothing was there before
	setup *setupCode
	check func(ctx context.Context)
}

// Options are what a controller gets besides its configuration.
type Options struct {
	Log     *slog.Logger // the operator's log; nil: silent
	Version string
	Program string // the taffrail program that servers get; empty: this one
}

// filled gives what is missing its default.
func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Open begins to listen, opens the data folder and puts the parts together. Nothing is
// carried out before Run. The port is taken first, so that a wrong address fails
// before anything is made, and answers come while the database is still opening.
func Open(ctx context.Context, cfg config.Config, o Options) (*Server, error) {
	o = o.filled()
	front, err := listen(ctx, cfg.Listen, o.Log)
	if err != nil {
		if better := inUse(ctx, cfg, o.Log); better != nil {
			err = better
		}
		return nil, err
	}
	s := &Server{cfg: cfg, log: o.Log, web: front}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// inUse looks for a better reason than a port that is taken: the controller that has it
// may be serving from this very folder.
func inUse(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	if !cfg.SQLite() {
		return nil
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, databaseFile)); err != nil {
		return nil
	}
	db, err := openStore(ctx, cfg, log, "", false)
	if err == nil {
		err = db.Close()
	}
	if core.CodeOf(err) == core.CodeConflict {
		return err
	}
	return nil
}

func (s *Server) open(ctx context.Context, o Options) error {
	if err := s.web.Start(ctx); err != nil {
		return err
	}
	db, err := openStore(ctx, s.cfg, s.log, s.web.address(), false)
	if err != nil {
		return err
	}
	s.db = db
	return s.wire(ctx, o)
}

// Address is what is listened on, as host:port.
func (s *Server) Address() string { return s.web.address() }

// URL is where people reach the controller.
func (s *Server) URL() string {
	if s.cfg.PublicURL != "" {
		return s.cfg.PublicURL
	}
	host, port, err := net.SplitHostPort(s.web.address())
	if err != nil {
		return "http://" + s.web.address()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Welcome is what to tell whoever started the controller.
func (s *Server) Welcome() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Taffrail serves on %s\n", s.URL())
	if link := s.setup.link(); link != "" {
		fmt.Fprintf(&b, "Nobody can sign in yet. Make the first account at\n  %s%s\n", s.URL(), link)
	}
	if s.first {
		database := ""
		if !s.cfg.SQLite() {
			database = " --database-url \"$TAFFRAIL_DATABASE_URL\""
		}
		fmt.Fprintf(&b, "This is its first start. For the command line and the API, make a token on this machine:\n"+
			"  taffrail token create --data %s%s --name me --abilities root\n", s.cfg.Data, database)
	}
	return b.String()
}

// Run carries deployments until ctx ends, and then stops in order: requests, workers,
// logs. Deployments that run on their servers go on there; the next start picks them
// up. An error means that something broke, or did not stop in time.
func (s *Server) Run(ctx context.Context) error {
	// A signal that comes while starting stops in order too.
	if err := s.group.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	s.log.Info("controller started", "address", s.Address(), "data", s.cfg.Data, "database", s.db.Engine())
	s.check(ctx)
	debug.FreeOSMemory() // starting takes a lot that is never needed again, such as the making of the API's document
	var broken error
	select {
	case <-ctx.Done():
	case broken = <-s.web.failed:
	}
	s.log.Info("controller stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.StopLimit)
	defer cancel()
	err := errors.Join(broken, s.web.Stop(stopping), s.group.Stop(stopping))
	s.log.Info("controller stopped")
	return err
}

// Close gives back what Open took. It may be called after Run, or instead of it.
func (s *Server) Close() error {
	err := s.web.close()
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}
