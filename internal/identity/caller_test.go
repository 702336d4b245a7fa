package identity

import (
	"context"
	"testing"

	"github.com/difygraph/difygraph/graph/viewer"
)

func TestMayRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		patterns   []string
		yes, no    []string
		annotation string
	}{
		{nil, nil, []string{"a", ""}, "no pattern"},
		{[]string{"*"}, []string{"a", "shop-1"}, nil, "all"},
		{[]string{"shop-*"}, []string{"shop-", "shop-eu-2"}, []string{"shop", "a-shop-1", "Shop-1"}, "a prefix"},
		{[]string{"shop-?"}, []string{"shop-1"}, []string{"shop-", "shop-12"}, "one character"},
		{[]string{"shop-[0-9]"}, []string{"shop-7"}, []string{"shop-a"}, "a class"},
		{[]string{"shop"}, []string{"shop"}, []string{"shop-1", "sho"}, "a key"},
		{[]string{"a", "b*"}, []string{"a", "b", "bc"}, []string{"ab"}, "two"},
		{[]string{"["}, nil, []string{"[", "a"}, "malformed"},
	} {
		t.Run(test.annotation, func(t *testing.T) {
			t.Parallel()
			caller := &Caller{patterns: test.patterns}
			for _, key := range test.yes {
				if !caller.MayRead(key) {
					t.Errorf("may not read %q", key)
				}
			}
			for _, key := range test.no {
				if caller.MayRead(key) {
					t.Errorf("may read %q", key)
				}
			}
		})
	}
}

func TestScopesDoNotIncludeEachOther(t *testing.T) {
	t.Parallel()
	for _, granted := range viewer.Scopes() {
		caller := &Caller{scopes: []viewer.Scope{granted}}
		for _, asked := range viewer.Scopes() {
			if got := caller.Has(asked); got != (granted == asked) {
				t.Errorf("with %s, Has(%s) = %v", granted, asked, got)
			}
		}
	}
}

func TestAnyoneMayReadAll(t *testing.T) {
	t.Parallel()
	anyone := anyone()
	if !anyone.MayRead("shop-1") || !anyone.Has(viewer.Logs) || !anyone.Has(viewer.Content) || !anyone.Has(viewer.People) || anyone.Name == "" {
		t.Errorf("got %+v", anyone)
	}
}

func TestContextWithoutCallerAllowsNothing(t *testing.T) {
	t.Parallel()
	nobody := FromContext(context.Background())
	if nobody == nil || nobody.MayRead("a") || nobody.Has(viewer.Logs) || nobody.Name != "" {
		t.Errorf("got %+v", nobody)
	}
}

func TestContextCarriesCaller(t *testing.T) {
	t.Parallel()
	caller := &Caller{Name: "dashboard"}
	if got := FromContext(withCaller(t.Context(), caller)); got != caller {
		t.Errorf("got %+v", got)
	}
}
