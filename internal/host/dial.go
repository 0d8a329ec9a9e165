package host

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	defaultTimeout = 10 * time.Second
	handshakeLimit = 15 * time.Second
	// knockEvery is after how long without an answer a new attempt is begun: the system
	// asks again at ever longer intervals, and would learn late that a network is back.
	knockEvery = 3 * time.Second
)

// dialer makes one connection to a server.
type dialer struct {
	server core.Server
	pin    string // "type base64"; empty at first contact
	keys   func(ctx context.Context, team, keyRow int64) (core.Secret, error)

	shown ssh.PublicKey // what the server showed
	conn  *heardConn
}

// heardConn notes when something came last.
type heardConn struct {
	net.Conn
	at    atomic.Int64 // since began
	began time.Time
}

// Read implements net.Conn.
func (c *heardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.at.Store(int64(time.Since(c.began)))
	}
	return n, err
}

func (c *heardConn) last() time.Time { return c.began.Add(time.Duration(c.at.Load())) }

// dial connects and returns the client and the host key that it was met with.
func (d *dialer) dial(ctx context.Context) (*ssh.Client, string, error) {
	config, err := d.config(ctx)
	if err != nil {
		return nil, "", err
	}
	timeout := time.Duration(d.server.Settings.ConnectionTimeout) * time.Second
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	conn, err := d.knock(ctx, timeout)
	if err != nil {
		return nil, "", d.dialError(ctx, err, timeout)
	}
	d.conn = &heardConn{Conn: conn, began: time.Now()}
	client, err := d.handshake(ctx, d.conn, config)
	if err != nil {
		_ = conn.Close()
		return nil, "", d.handshakeError(ctx, err)
	}
	return client, keyText(d.shown), nil
}

// knock makes the connection itself.
func (d *dialer) knock(ctx context.Context, timeout time.Duration) (net.Conn, error) {
	until := time.Now().Add(timeout)
	for {
		tcp := net.Dialer{Timeout: min(time.Until(until), knockEvery), KeepAlive: keepAliveEvery}
		conn, err := tcp.DialContext(ctx, "tcp", address(d.server))
		var network net.Error
		if err == nil || ctx.Err() != nil || !errors.As(err, &network) || !network.Timeout() || time.Until(until) <= 0 {
			return conn, err
		}
	}
}

func (d *dialer) config(ctx context.Context) (*ssh.ClientConfig, error) {
	pem, err := d.keys(ctx, d.server.TeamID, d.server.KeyID)
	if err != nil {
		return nil, fmt.Errorf("private key of %s: %w", title(d.server), err)
	}
	signer, err := ssh.ParsePrivateKey([]byte(pem.Reveal()))
	if err != nil {
		return nil, NewError("connect to server", FaultAuth, err,
			"The private key of %s cannot be read: store it again, unencrypted and in PEM form.", title(d.server))
	}
	config := &ssh.ClientConfig{
		User: d.server.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: d.checkHostKey, ClientVersion: "SSH-2.0-Taffrail",
	}
	if d.pin != "" {
		kind, _, _ := strings.Cut(d.pin, " ")
		config.HostKeyAlgorithms = algorithms(kind)
	}
	return config, nil
}

// algorithms are those by which a host key of a type proves itself. Without them the
// server might show a key of another type than the pinned one.
func algorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

var errHostKey = errors.New("another host key than the pinned one")

func (d *dialer) checkHostKey(_ string, _ net.Addr, key ssh.PublicKey) error {
	d.shown = key
	if d.pin != "" && d.pin != keyText(key) {
		return errHostKey
	}
	return nil
}

func keyText(key ssh.PublicKey) string {
	return key.Type() + " " + base64.StdEncoding.EncodeToString(key.Marshal())
}

// pinned reads a pin again.
func pinned(pin string) (ssh.PublicKey, error) {
	_, text, _ := strings.Cut(pin, " ")
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePublicKey(data)
}

func (d *dialer) handshake(ctx context.Context, conn net.Conn, config *ssh.ClientConfig) (*ssh.Client, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(handshakeLimit)); err != nil {
		return nil, err
	}
	c, channels, requests, err := ssh.NewClientConn(conn, address(d.server), config)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		_ = c.Close()
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

func (d *dialer) dialError(ctx context.Context, err error, timeout time.Duration) error {
	const op = "connect to server"
	var dns *net.DNSError
	var network net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &dns):
		return NewError(op, FaultUnresolved, err, "The name of %s has no address: correct it, or enter the IP address.", title(d.server))
	case errors.Is(err, syscall.ECONNREFUSED):
		return NewError(op, FaultRefused, err, "%s refused the connection: see that sshd runs there and that the port is right.", upper(title(d.server)))
	case errors.As(err, &network) && network.Timeout():
		return NewError(op, FaultTimeout, err, "%s did not answer within %s: see that it is up and that no firewall is in the way.", upper(title(d.server)), timeout)
	}
	return NewError(op, FaultRefused, err, "%s cannot be reached: %s.", upper(title(d.server)), systemReason(err))
}

func (d *dialer) handshakeError(ctx context.Context, err error) error {
	const op = "connect to server"
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errHostKey):
		return d.changedKey(err, ssh.FingerprintSHA256(d.shown))
	case errors.As(err, &negotiation) && d.shown == nil && d.pin != "":
		return d.changedKey(err, "none of that type any more")
	case errors.As(err, &negotiation):
		return NewError(op, FaultRefused, err, "%s offers only methods of encryption that are too old: update its sshd.", upper(title(d.server)))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return NewError(op, FaultTimeout, err, "%s accepted the connection but did not finish the SSH handshake within %s.", upper(title(d.server)), handshakeLimit)
	case d.shown != nil && broke(err):
		return NewError(op, FaultLost, err, "The connection to %s broke while it was being made.", title(d.server))
	case d.shown != nil:
		return NewError(op, FaultAuth, err, "%s does not accept the key for user %s: add the public key to that user's authorized_keys, or choose another key or user.",
			upper(title(d.server)), d.server.User)
	}
	return NewError(op, FaultRefused, err, "What answers at %s is no SSH server, or it takes no more connections now.", title(d.server))
}

// broke says whether the network ended a handshake, rather than the other side's word.
func broke(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (d *dialer) changedKey(err error, shown string) error {
	was := "unknown"
	if key, parseErr := pinned(d.pin); parseErr == nil {
		was = ssh.FingerprintSHA256(key)
	}
	return NewError("connect to server", FaultHostKey, err,
		"The host key of %s has changed: pinned is %s, shown was %s. Nothing was run. If the server was installed anew, forget its host key (%s) and validate it again; if not, somebody may be in between.",
		title(d.server), was, shown, advice(d.server, "--forget-host-key"))
}

// systemReason is what the operating system said, without addresses and layers.
func systemReason(err error) string {
	var code syscall.Errno
	if errors.As(err, &code) {
		return code.Error()
	}
	return "the network reports a fault"
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
