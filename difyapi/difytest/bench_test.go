package difytest_test

import (
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// BenchmarkList asks a log of 120,000 rows. Windows and single filters must
// cost what their page costs, whatever the size of the log.
func BenchmarkList(b *testing.B) {
	dify, app := newApp(difytest.Options{})
	app.Insert(difytest.Generate(difytest.GenerateOptions{
		Rows: 120_000, Until: epoch, Span: 90 * 24 * time.Hour, Crowded: []int{50, 150},
	})...)
	for name, query := range map[string]string{
		"one row":     "limit=1",
		"twenty rows": "limit=20&created_at__before=2026-10-01",
		"deep":        "limit=100&page=900",
		"status":      "limit=20&status=failed",
		"two filters": "limit=20&status=failed&created_by_end_user_session_id=user-0",
		"keyword":     "limit=20&keyword=Kyoto",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				logs(b, dify, query)
			}
			dify.ResetRequests()
		})
	}
}

// BenchmarkNewDemo is what a start without configuration waits for.
func BenchmarkNewDemo(b *testing.B) {
	for b.Loop() {
		difytest.NewDemo(difytest.Options{})
	}
}
