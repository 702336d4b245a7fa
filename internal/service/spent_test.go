package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/admission"
)

// checkBalance holds what ann has left to spend, debts below 0, without any time for more to come in.
func (b *bubble) checkBalance(t *testing.T, want int) {
	t.Helper()
	name, accounts := "caller ann", b.service.process.accounts
	err := accounts.Spend(name, max(1, want+1))
	refused, ok := errors.AsType[*admission.RateError](err)
	if missing := time.Duration(max(1, want+1)-want) * time.Second / 10; !ok || refused.After.Round(10*time.Millisecond) != missing {
		t.Errorf("ann has not %d: %v", want, err)
	}
}

// TestWaitingInVainIsNoRequest: what waited for an app that gives no answer, or was refused at once, pays for a request only
// where one was sent.
func TestWaitingInVainIsNoRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubble(t, "rate: 10, burst: 20000", map[string]*difytest.Fault{"slow": difytest.Hang()})
		answers := make(chan answer, 40)
		for i := range cap(answers) {
			go func() {
				answers <- b.ask(t, "ben", fmt.Sprintf(`{workflowLogs(apps: "slow", first: %d) {nodes {uuid}}}`, i+1))
			}()
			time.Sleep(time.Second)
		}
		spent := 0
		for range cap(answers) {
			a := <-answers
			if a.code() != "UPSTREAM_TIMEOUT" && a.code() != "UPSTREAM_UNAVAILABLE" || a.Extensions.Cost.Spent != 2 && a.Extensions.Cost.Spent != 11 {
				t.Errorf("%s", a.text)
			}
			spent += a.Extensions.Cost.Spent
		}
		sent := 0
		for _, r := range b.dify.Requests() {
			if strings.HasSuffix(r.Path, "/workflows/logs") {
				sent++
			}
		}
		if want := cap(answers)*2 + sent*9; spent != want || sent > 8 {
			t.Errorf("%d spent for %d requests, want %d", spent, sent, want)
		}
	})
}

// TestOverloadedOperationPaysWhatItSpent, and no more, whatever was foreseen.
func TestOverloadedOperationPaysWhatItSpent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubble(t, "rate: 10, burst: 20000, bytes: 1048576, operationBytes: 1048576", nil)
		for i := range 95 {
			b.apps["healthy"].Insert(difytest.Row{CreatedAt: time.Unix(int64(1772323200+i), 0), Run: &difytest.Run{Status: difytest.StatusSucceeded}})
		}
		var query strings.Builder
		for i := range 20 {
			fmt.Fprintf(&query, ` a%d: workflowLogs(apps: "healthy", first: %d, filter: {createdAt: {since: "2026-01-01T00:00:%02dZ"}}) {nodes {uuid}}`, i, 90, i)
		}
		a := b.ask(t, "ann", "{"+query.String()+"}")
		if a.code() != "OVERLOADED" || a.Extensions.Cost.Spent == 0 {
			t.Fatalf("%.300s", a.text)
		}
		b.checkBalance(t, 20_000-a.Extensions.Cost.Spent-(query.Len()+2)/readPerPrice-20*(3*2+5)/readPerPrice)
	})
}

// TestWhoLeavesPaysWhatWasSent, and is given back what was not.
func TestWhoLeavesPaysWhatWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubble(t, "rate: 10, burst: 20000", map[string]*difytest.Fault{"slow": difytest.Delay(time.Second)})
		ctx, leave := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://difygraph.test"+GraphQLPath,
			strings.NewReader(`{"query": "{workflowLogs(apps: \"slow\", first: 90) {nodes {uuid workflowRun {inputs}}}}"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer ann")
		go func() {
			synctest.Wait()
			leave()
		}()
		if response, err := b.client.Do(r); err == nil {
			_ = response.Body.Close()
			t.Error("it was answered")
		}
		synctest.Wait()
		b.checkBalance(t, 20_000-11-1) // the last for reading the document
	})
}
