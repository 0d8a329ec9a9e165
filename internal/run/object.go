package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/objects"
)

// object copies to or from a bucket. final says that another attempt is of no use.
func (e *executor) object(ctx context.Context, number int, o Object) (final bool, err error) {
	client, err := objects.Open(objects.Bucket{
		Endpoint: o.Endpoint, Region: o.Region, Name: o.Bucket, Access: o.Access, Secret: core.NewSecret(o.Secret)})
	if err == nil {
		switch {
		case o.Put != "" && o.Get == "" && len(o.Delete) == 0:
			err = e.putObject(ctx, number, client, o)
		case o.Get != "" && o.Put == "" && len(o.Delete) == 0:
			err = e.getObject(ctx, number, client, o)
		case len(o.Delete) > 0 && o.Put == "" && o.Get == "":
			err = e.deleteObjects(ctx, number, client, o)
		default:
			err = errors.New("it is to do several things with a bucket, or none")
		}
	}
	// Only what is at fault now may not be later.
	final = core.CodeOf(err) != core.CodeUnavailable
	var said *core.Error
	if errors.As(err, &said) {
		err = errors.New(strings.TrimSuffix(said.Msg, "."))
	}
	return final, err
}

func (e *executor) putObject(ctx context.Context, number int, client *objects.Client, o Object) error {
	file, err := e.openRegular(o.Path)
	if err != nil {
		return fmt.Errorf("%s cannot be uploaded: %w", o.Path, err)
	}
	defer func() { _ = file.Close() }()
	var sent atomic.Int64
	stop := e.tell(ctx, number, "Uploaded so far: ", sent.Load)
	size, sum, err := client.Put(ctx, o.Put, file, &sent)
	stop()
	if err != nil {
		return err
	}
	e.write(ctx, number, FrameFact, Fact{Artifact: &core.Artifact{Name: o.Name, Path: o.Put, Size: size, SHA256: sum}})
	e.info(ctx, number, fmt.Sprintf("Uploaded %s to %s in the bucket %s", bytesText(size), o.Put, o.Bucket))
	return nil
}

func (e *executor) getObject(ctx context.Context, number int, client *objects.Client, o Object) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	s, err := e.openSink("the object", o.Path, false, fail)
	if err != nil {
		return err
	}
	defer s.abandon()
	stop := e.tell(ctx, number, "Downloaded so far: ", s.written)
	_, err = client.Get(ctx, o.Get, s)
	if err != nil {
		s.abandon() // before anybody waits for the spool, which may need the space
	}
	stop()
	var wrong *dataError
	if errors.As(context.Cause(ctx), &wrong) {
		return wrong
	}
	if err != nil {
		return err
	}
	stored, err := s.keep(o.Name)
	if err != nil {
		return err
	}
	e.info(ctx, number, fmt.Sprintf("Downloaded %s to %s", bytesText(stored.Size), stored.Path))
	return nil
}

func (e *executor) deleteObjects(ctx context.Context, number int, client *objects.Client, o Object) error {
	for _, key := range o.Delete {
		if err := client.Delete(ctx, key); err != nil {
			return err
		}
		e.info(ctx, number, fmt.Sprintf("Deleted %s from the bucket %s", key, o.Bucket))
	}
	return nil
}

// tell says now and then how far something is, until stop is called, which waits for
// what is being said.
func (e *executor) tell(ctx context.Context, number int, text string, done func() int64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		progress(ctx, done, func(size string) { e.info(ctx, number, text+size) })
	}()
	return func() { cancel(); <-ended }
}
