package difyapi_test

import (
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// TestIteratorReadsOnWhereAnAnswerIsShort of what it counts: a proxy that caps the limit, or rows that Dify does not show.
func TestIteratorReadsOnWhereAnAnswerIsShort(t *testing.T) {
	t.Parallel()
	seconds := []int64{100, 100, 100, 100, 100}
	for second := int64(99); second > 0; second-- {
		seconds = append(seconds, second)
	}
	for name, most := range map[string]int{"2": 2, "7": 7, "50": 50} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dify := &tinyDify{seconds: seconds, rng: rand.New(rand.NewPCG(1, 1)), stable: true, most: most}
			seen := map[uuid.UUID]bool{}
			for row, err := range newClient(t, difyapi.Options{Transport: dify}).EachWorkflowLog(t.Context(), difyapi.LogQuery{}) {
				if err != nil {
					t.Fatal(err)
				}
				seen[row.ID] = true
			}
			if len(seen) != len(seconds) {
				t.Errorf("%d of %d rows", len(seen), len(seconds))
			}
		})
	}
}

// TestIteratorWithoutRowsToReadOnFrom ends in words, after one more look.
func TestIteratorWithoutRowsToReadOnFrom(t *testing.T) {
	t.Parallel()
	calls := 0
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		calls++
		return response(req, http.StatusOK, `{"total":500,"has_more":true,"data":[]}`), nil
	})})
	for row, err := range client.EachWorkflowLog(t.Context(), difyapi.LogQuery{}) {
		if row != nil || !difyapi.IsBadResponse(err) || calls != 2 {
			t.Errorf("%v, %v after %d calls", row, err, calls)
		}
	}
}

// TestIteratorOverRowsOutOfOrder ends in words: where its last row is not the oldest, there is nothing to read on from.
func TestIteratorOverRowsOutOfOrder(t *testing.T) {
	t.Parallel()
	body := pageOf(`{"id":"`+logID+`","created_at":5}`, `{"id":"`+runID+`","created_at":6}`)
	for row, err := range newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)}).EachWorkflowLog(t.Context(), difyapi.LogQuery{}) {
		if row != nil || !difyapi.IsBadResponse(err) {
			t.Errorf("%v, %v", row, err)
		}
	}
}
