package apart

import (
	"bytes"
	"testing"
)

func TestPartsComeWhereTheyBelong(t *testing.T) {
	t.Parallel()
	ctx, parts := NewContext(t.Context())
	if Of(ctx) != parts || Of(t.Context()) != nil {
		t.Error("the parts are not the context's")
	}
	done := 0
	parts.Insert(5, []byte("[1]"), func([]byte) { done++ })
	parts.Insert(5, []byte("[2]"), func([]byte) { done++ })
	parts.Insert(10, []byte("[3]"), func([]byte) { done++ })
	if got := string(bytes.Join(parts.Join([]byte(`{"a":,"b":}`)), nil)); got != `{"a":[1][2],"b":[3]}` {
		t.Error(got)
	}
	if parts.Size() < 9 || done != 0 {
		t.Errorf("%d bytes, %d done", parts.Size(), done)
	}
	parts.Drop()
	parts.Drop()
	if done != 3 || parts.Size() != 0 {
		t.Errorf("%d of 3 are done, %d bytes left", done, parts.Size())
	}
	if got := string(bytes.Join(parts.Join([]byte("null")), nil)); got != "null" {
		t.Error(got)
	}
}
