package objects

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/taffrail/taffrail/internal/core"
)

// explain makes an error for a person of one of the client's. What was to be done is a
// verb: "write". Nothing that the service itself wrote is repeated but its codes: it may
// be something else that only answers there.
func (c *Client) explain(ctx context.Context, verb, key string, err error) error {
	if cause := context.Cause(ctx); cause != nil && permanent(cause) {
		err = cause
	} else if cause != nil {
		return cause
	}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errForbidden):
		return c.fault(err, core.CodeBadRequest, "%s is not used: %v.", c.bucket.Endpoint, errForbidden)
	case errors.As(err, &certificate):
		return c.fault(err, core.CodeBadRequest, "The certificate of %s is not trusted: %v.", c.bucket.Endpoint, certificate.Err)
	}
	answer := minio.ToErrorResponse(err)
	if answer.StatusCode == 0 || answer.Code == "" {
		return c.fault(err, core.CodeUnavailable, "%s cannot be reached: %v.", c.bucket.Endpoint, inner(err))
	}
	return c.refused(verb, key, err, answer)
}

// refused is for answers of the service.
func (c *Client) refused(verb, key string, err error, answer minio.ErrorResponse) error {
	b := c.bucket
	switch answer.Code {
	case minio.NoSuchBucket:
		return c.fault(err, core.CodeBadRequest, "There is no bucket %q at %s.", b.Name, b.Endpoint)
	case minio.NoSuchKey:
		return c.fault(err, core.CodeNotFound, "There is no object %q in the bucket %q.", key, b.Name)
	case "PreconditionFailed":
		return c.fault(err, core.CodeBadRequest, "The object %q was changed while it was read.", key)
	case "InvalidAccessKeyId":
		return c.fault(err, core.CodeBadRequest, "%s does not know the access key %q.", b.Endpoint, b.Access)
	case "SignatureDoesNotMatch":
		return c.fault(err, core.CodeBadRequest, "%s refuses the secret of the access key %q.", b.Endpoint, b.Access)
	case "RequestTimeTooSkewed":
		return c.fault(err, core.CodeBadRequest, "The clock of this server is too far from that of %s.", b.Endpoint)
	case minio.AccessDenied:
		return c.fault(err, core.CodeBadRequest, "%s does not let the access key %q %s in the bucket %q.", b.Endpoint, b.Access, verb, b.Name)
	}
	code := core.CodeBadRequest
	if answer.StatusCode >= 500 || answer.StatusCode == 429 {
		code = core.CodeUnavailable
	}
	return c.fault(err, code, "%s could not %s %q in the bucket %q: it answers with status %d (%s).",
		b.Endpoint, verb, key, b.Name, answer.StatusCode, short(answer.Code))
}

func (c *Client) fault(cause error, code core.Code, format string, args ...any) error {
	e := core.Errorf(code, format, args...)
	e.Err = cause
	return e
}

// inner is an error without the request that it is about, whose URL names much that
// nobody needs to know.
func inner(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// short is a code as a service may send it, or what is left of something that is none.
func short(code string) string {
	code = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, code)
	return code[:min(len(code), 60)]
}
