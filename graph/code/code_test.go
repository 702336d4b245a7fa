package code

import (
	"errors"
	"fmt"
	"testing"
)

func TestOfFindsTheErrorThatKnowsItsCode(t *testing.T) {
	t.Parallel()
	limit := New(CostLimitExceeded, "too much")
	if got, ok := Of(fmt.Errorf("app: %w", limit)); !ok || got.Code() != CostLimitExceeded || got.Error() != "too much" {
		t.Errorf("%v, %v", got, ok)
	}
	if got, ok := Of(errors.New("anything")); ok {
		t.Errorf("%v has the code %s", got, got.Code())
	}
}

func TestCodesInExtensions(t *testing.T) {
	t.Parallel()
	for want, extensions := range map[Code]map[string]any{
		RateLimited: {"code": RateLimited}, Overloaded: {"code": "OVERLOADED"}, "": {"code": 5},
	} {
		if got := OfExtensions(extensions); got != want {
			t.Errorf("%v: %q", extensions, got)
		}
	}
}

// What is a failure of an app is named so, and nothing else is.
func TestClasses(t *testing.T) {
	t.Parallel()
	for c, want := range map[Code]string{
		BadUserInput: "input", InvalidCursor: "input", PersistedQueryNotFound: "input", Unauthenticated: "denied", Forbidden: "denied",
		CostLimitExceeded: "refused", RateLimited: "refused", Overloaded: "refused", OperationTimeout: "timeout",
		UpstreamTimeout: "upstream", UpstreamUnsupported: "upstream", InternalServerError: "internal", "NEW_CODE": "internal",
	} {
		if got := c.Class().String(); got != want || c.Upstream() != (want == "upstream") {
			t.Errorf("%s: %s, want %s", c, got, want)
		}
	}
}
