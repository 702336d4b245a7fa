package rescue

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestCallPassesErrorsOn(t *testing.T) {
	t.Parallel()
	for _, want := range []error{nil, errors.New("down")} {
		if err := Call(func() error { return want }); !errors.Is(err, want) {
			t.Errorf("%v became %v", want, err)
		}
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	t.Parallel()
	for name, panicked := range map[string]any{"text": "boom", "error": errors.New("boom"), "number": 17, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Call(func() error { panic(panicked) })
			if err == nil || !strings.HasPrefix(err.Error(), "panic: ") || !strings.Contains(err.Error(), "TestPanicBecomesAnError") {
				t.Errorf("error %v, want what was panicked with and the stack", err)
			}
		})
	}
}

// TestPanicWithAnExpectedError: what ends an operation in order must not hide that something panicked.
func TestPanicWithAnExpectedError(t *testing.T) {
	t.Parallel()
	if err := Call(func() error { panic(context.Canceled) }); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
