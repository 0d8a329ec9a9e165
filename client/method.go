package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var out T
	err := c.do(ctx, call{method: http.MethodGet, path: path, query: query, out: &out})
	return out, err
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	var out T
	err := c.do(ctx, call{method: http.MethodPost, path: path, body: body, out: &out})
	return out, err
}

func patch[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	var out T
	err := c.do(ctx, call{method: http.MethodPatch, path: path, body: body, out: &out})
	return out, err
}

func remove[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var out T
	err := c.do(ctx, call{method: http.MethodDelete, path: path, query: query, out: &out})
	return out, err
}

// esc makes one path segment of anything: an id with a slash in it stays one segment.
func esc(segment string) string { return url.PathEscape(segment) }

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func page(skip, take int) url.Values {
	query := url.Values{"skip": {strconv.Itoa(skip)}}
	if take > 0 {
		query.Set("take", strconv.Itoa(take))
	}
	return query
}
