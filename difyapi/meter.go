package difyapi

import (
	"context"
	"io"
)

type meterKey struct{}

// WithMeter lets calls under the context tell how many bytes of their answers' bodies came, decompressed, as they come.
// The meter may end the context, and with it the call. It is called by one goroutine of each call.
func WithMeter(ctx context.Context, meter func(bytes int)) context.Context {
	return context.WithValue(ctx, meterKey{}, meter)
}

// metered is the body of an answer to a request made under the context.
func metered(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	meter, ok := ctx.Value(meterKey{}).(func(int))
	if !ok {
		return body
	}
	return &meteredBody{body, meter}
}

type meteredBody struct {
	io.ReadCloser
	meter func(int)
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter(n)
	return n, err
}
