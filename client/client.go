// Package client is the Go client of Taffrail's REST API. The command line and the API's
// own tests use it, so everything that they can do, any program can.
//
// Every method takes a context first and returns an *api.Error (find it with errors.As)
// when the server refused. Requests that change something are sent once; reads are
// retried a few times when the connection fails or the server is busy.
package client

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client talks to one server with one token. It may be used by many goroutines.
type Client struct {
	base      string
	token     string
	agent     string
	http      *http.Client
	retries   int
	waitFunc  WaitFunc
	heartbeat time.Duration
}

// Option changes a Client when it is made.
type Option func(*Client)

// WithHTTPClient sets the HTTP client. It must not have a Timeout if Follow is used:
// a stream lasts as long as the deployment.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithUserAgent sets the User-Agent header. One that begins with "taffrail-cli" is
// recorded as the trigger "cli" of the deployments it asks for, one with "taffrail-mcp" as
// "mcp", any other as "api".
func WithUserAgent(agent string) Option { return func(c *Client) { c.agent = agent } }

// WithRetries sets how often a failed read is tried again; 0 is never.
func WithRetries(n int) Option { return func(c *Client) { c.retries = n } }

// WithWait replaces how the client waits between two tries; tests use it.
func WithWait(f WaitFunc) Option { return func(c *Client) { c.waitFunc = f } }

// WithHeartbeat sets after how much silence a stream counts as dead; default 45 s,
// three of the server's heartbeats.
func WithHeartbeat(d time.Duration) Option { return func(c *Client) { c.heartbeat = d } }

// New makes a client of the server at rawURL ("http://127.0.0.1:8000", with or without
// a trailing slash or /api/v1) with an API token.
func New(rawURL, token string, opts ...Option) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(rawURL))
	if err != nil {
		return nil, fmt.Errorf("the server's address %q is no URL: %w", rawURL, err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("the server's address must begin with http:// or https://, got %q", rawURL)
	}
	path := strings.TrimRight(u.Path, "/")
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/api/v1"), "/api")
	c := &Client{
		base:      u.Scheme + "://" + u.Host + path + "/api/v1",
		token:     strings.TrimSpace(token),
		agent:     "taffrail-client",
		http:      &http.Client{},
		retries:   3,
		waitFunc:  wait,
		heartbeat: 45 * time.Second,
	}
	for _, opt := range opts {
		opt(c)
	}
	return c, nil
}
