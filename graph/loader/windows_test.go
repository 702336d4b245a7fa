package loader

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
)

func TestLargestOfAlikeWindowsIsAsked(t *testing.T) {
	t.Parallel()
	before := time.Unix(1772323200, 0).UTC()
	got := largest([]difyapi.LogQuery{
		{Page: 1, Limit: 6},
		{Page: 1, Limit: 15},
		{Page: 1, Limit: 1},
		{Page: 1, Limit: 7, CreatedBefore: before},
		{Page: 1, Limit: 9, Status: difyapi.StatusFailed},
		{Page: 2, Limit: 6},
		{Page: 2, Limit: 15},
	})
	asked := make(map[difyapi.LogQuery]bool)
	for _, q := range got {
		asked[q] = true
	}
	if diff := cmp.Diff(map[difyapi.LogQuery]bool{
		{Page: 1, Limit: 15}:                              true,
		{Page: 1, Limit: 7, CreatedBefore: before}:        true,
		{Page: 1, Limit: 9, Status: difyapi.StatusFailed}: true,
		{Page: 2, Limit: 6}:                               true, // on later pages the limit decides where a page begins
		{Page: 2, Limit: 15}:                              true,
	}, asked); diff != "" {
		t.Error(diff)
	}
}
