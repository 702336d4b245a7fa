package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/identity"
)

const (
	// callTime is what a real Dify takes for a call.
	callTime = 100 * time.Millisecond
	// attackersAtOnce is how many attacks are under way.
	attackersAtOnce = 24
	// shortestAttack is long enough for each attack to come to its point.
	shortestAttack = 10 * time.Second
	// politePause is what a dashboard waits between two queries.
	politePause = 50 * time.Millisecond
	// exampleMemory is GOMEMLIMIT of the example deployment, and exampleLimit the memory that it may have.
	exampleMemory, exampleLimit = "900MiB", 1 << 30
)

// TestPoliteCallerUnderAttack runs the program while one caller attacks it in all known ways and another asks politely. All
// answers that the polite one gets are right, and nearly all come within twice the time that they take when all is quiet;
// the program stays within the memory of the example deployment, and holds on to nothing.
func TestPoliteCallerUnderAttack(t *testing.T) { //nolint:paralleltest // It measures another process.
	if *duration < shortestAttack {
		t.Skipf("it takes -soak %v or longer", shortestAttack)
	}
	attacked := startAttacked(t)
	polite := &politeCaller{url: attacked.url, token: attacked.tokens["polite"], client: new(http.Client)}
	quiet := polite.measure(t, *duration/4)
	attackers := &attacker{
		url: attacked.url, address: attacked.address, token: attacked.tokens["attacker"], issuer: attacked.issuer, count: map[string]int{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: attackersAtOnce}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { attackers.run(ctx, attackersAtOnce) })
	running.Go(func() { attacked.reload(ctx) })
	starved := starvation()
	loud := polite.measure(t, *duration)
	t.Logf("99 of 100 goroutines of this process, which asks, attacks and plays Dify, waited for a CPU up to %v", starved())
	cancel()
	running.Wait()
	attackers.client.CloseIdleConnections()
	t.Logf("%d attacks of %d kinds", total(attackers.count), len(attackers.count))
	t.Logf("quiet:  %s", quiet)
	t.Logf("attack: %s", loud)
	attacked.check(t)
	if loud.failed > 0 || quiet.failed > 0 {
		t.Errorf("%d and %d of the polite caller's requests were not answered", quiet.failed, loud.failed)
	}
	if *duration < time.Minute || raceFlags() != nil {
		return // too few to tell one in a hundred; or all CPUs are busy with looking for races, in this process, too
	}
	if within := 2 * quiet.quantile(0.99); loud.quantile(0.99) > within {
		t.Errorf("99 of 100 requests took up to %v, quiet %v", loud.quantile(0.99), quiet.quantile(0.99))
	}
}

// starvation measures how long goroutines of this process wait for a CPU: what is measured here has at least that in it. The time is
// that of 99 of 100.
func starvation() func() time.Duration {
	before := waitsForCPU()
	return func() time.Duration {
		after := waitsForCPU()
		all := uint64(0)
		for i := range after.Counts {
			after.Counts[i] -= before.Counts[i]
			all += after.Counts[i]
		}
		seen := uint64(0)
		for i, n := range after.Counts {
			if seen += n; seen*100 >= all*99 {
				return time.Duration(after.Buckets[i] * float64(time.Second))
			}
		}
		return 0
	}
}

func waitsForCPU() metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(sample)
	h := sample[0].Value.Float64Histogram()
	return metrics.Float64Histogram{Counts: slices.Clone(h.Counts), Buckets: h.Buckets}
}

func total(counts map[string]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// politeCaller asks for one page after the other: in turn for the newest rows, which may be kept, and for rows that nobody has asked
// for, which take a call.
type politeCaller struct {
	url, token string
	client     *http.Client
	asked      int
}

// times are how long requests took, and how many got no right answer.
type times struct {
	sorted []time.Duration
	failed int
}

func (s times) quantile(q float64) time.Duration { return s.sorted[int(q*float64(len(s.sorted)-1))] }

func (s times) String() string {
	return fmt.Sprintf("%d requests, half within %v, 99 of 100 within %v, all within %v", len(s.sorted),
		s.quantile(0.5).Round(time.Millisecond), s.quantile(0.99).Round(time.Millisecond), s.quantile(1).Round(time.Millisecond))
}

func (p *politeCaller) measure(t *testing.T, during time.Duration) (s times) {
	t.Helper()
	for end := time.Now().Add(during); time.Now().Before(end); time.Sleep(politePause) { //nolint:forbidigo // what a person's dashboard does
		began := time.Now()
		if err := p.ask(t.Context()); err != nil {
			t.Logf("after %v: %v", time.Since(began), err)
			s.failed++
		}
		s.sorted = append(s.sorted, time.Since(began))
	}
	slices.Sort(s.sorted)
	return s
}

// ask asks for a page of the healthy app, and holds it against what it must be.
func (p *politeCaller) ask(ctx context.Context) error {
	l, filter := load{url: p.url, client: p.client}, ""
	if p.asked++; p.asked%2 == 0 {
		filter = fmt.Sprintf(`, filter: {createdAt: {since: %q}}`, time.Now().Add(-20*time.Hour-time.Duration(p.asked)*time.Second).Format(time.RFC3339))
	}
	got, err := l.send(ctx, fmt.Sprintf(`{workflowLogs(apps: ["healthy"], first: 20%s) {nodes {uuid workflowRun {status}} scan {complete}}}`, filter), p.token)
	if err != nil {
		return err
	}
	if rows := strings.Count(got, `"uuid"`); rows != 20 || !strings.Contains(got, `"complete":true`) {
		return fmt.Errorf("%d rows: %.200s", rows, got)
	}
	return nil
}

// attackedProgram is difygraph as users run it, over a Dify of each kind.
type attackedProgram struct {
	url, address string
	issuer       string // of JWTs
	tokens       map[string]string
	command      *exec.Cmd
	config       string
	stderr       strings.Builder
	before       int // open files when all was quiet
}

func startAttacked(t *testing.T) *attackedProgram {
	t.Helper()
	p := &attackedProgram{tokens: map[string]string{}, config: filepath.Join(t.TempDir(), "config.yaml")}
	p.configure(t)
	p.command = exec.CommandContext(t.Context(), program(t), "--config", p.config)
	p.command.Env = append(os.Environ(), "GOMEMLIMIT="+exampleMemory, "DIFYGRAPH_LISTEN=127.0.0.1:0", "DIFYGRAPH_LOG=json")
	p.command.Stderr = &p.stderr
	p.url = serveBy(t, p.command)
	at, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	p.address, p.before = at.Host, p.files()
	return p
}

// configure writes the configuration for Difys that are healthy, crowded, full of large runs, and hang.
func (p *attackedProgram) configure(t *testing.T) {
	t.Helper()
	var text strings.Builder
	text.WriteString("auth:\n  tokens:\n")
	for _, name := range []string{"polite", "attacker"} {
		token, digest := identity.NewToken()
		p.tokens[name] = token
		fmt.Fprintf(&text, "    - {name: %s, sha256: %q, apps: [\"*\"], scopes: [logs, content, people]}\n", name, digest)
	}
	p.issuer = startIssuer(t)
	fmt.Fprintf(&text, "  issuers:\n    - {issuer: %q, audience: %s, jwks: %q, apps: [\"*\"], scopes: [logs]}\n", p.issuer, audience, p.issuer+"/keys")
	text.WriteString("apps:\n")
	for key, rows := range map[string][]difytest.Row{
		"healthy": difytest.Evenly(1, 500, time.Now(), 24*time.Hour),
		"crowded": crowd(200),
		"large":   large(20, 2<<20),
		"hanging": nil,
	} {
		dify := difytest.New(difytest.Options{KeepRequests: 1})
		dify.AddApp(difytest.AppOptions{Name: key, APIKey: "app-" + key}).Insert(rows...)
		fault := difytest.Delay(callTime)
		if key == "hanging" {
			fault = difytest.Hang()
		}
		dify.SetFault(func(*http.Request) *difytest.Fault { return fault })
		socket := httptest.NewServer(dify)
		t.Cleanup(socket.Close)
		t.Cleanup(socket.CloseClientConnections)
		fmt.Fprintf(&text, "  - {key: %s, baseURL: %q, apiKey: app-%s}\n", key, socket.URL+"/v1", key)
	}
	if err := os.WriteFile(p.config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// audience is what tokens for the program have in aud.
const audience = "difygraph"

// startIssuer starts an issuer of one key, which nobody here has the private part of.
func startIssuer(t *testing.T) string {
	t.Helper()
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"keys":[{"kty":"EC","kid":"one","alg":"ES256","crv":"P-256",`+
			`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`) // RFC 7515, A.3
	}))
	t.Cleanup(keys.Close)
	return keys.URL
}

// crowd is that many runs in one second.
func crowd(n int) []difytest.Row {
	rows := difytest.Evenly(2, n, time.Now().Add(-time.Hour), time.Millisecond)
	for i := range rows {
		rows[i].CreatedAt = rows[0].CreatedAt
	}
	return rows
}

// large is that many runs with inputs of so many bytes.
func large(n, bytes int) []difytest.Row {
	rows := difytest.Evenly(3, n, time.Now(), time.Hour)
	for i := range rows {
		rows[i].Run.Inputs = `{"text": "` + strings.Repeat("x", bytes) + `"}`
	}
	return rows
}

// reloadsAtOnce is how often the configuration changes in a storm of reloads.
const reloadsAtOnce = 30

// reload changes the configuration every now and then, many times in a row.
func (p *attackedProgram) reload(ctx context.Context) {
	ticks := time.NewTicker(*duration / 5)
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		for i := range reloadsAtOnce {
			text, err := os.ReadFile(p.config)
			if err == nil {
				_ = os.WriteFile(p.config, append(text, fmt.Appendf(nil, "# %d, %d\n", n, i)...), 0o600)
				_ = p.command.Process.Signal(syscall.SIGHUP)
			}
		}
	}
}

// check wants a program that has let go of everything, stayed within its memory, and ends well.
func (p *attackedProgram) check(t *testing.T) {
	t.Helper()
	peak := p.peak()
	t.Logf("memory at the peak %d MiB, open files %d, before %d", peak>>20, p.files(), p.before)
	if peak > exampleLimit && raceFlags() == nil { // the race detector takes several times as much
		t.Errorf("the example deployment would have been ended: %d MiB", peak>>20)
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		t.Errorf("%v: %s", err, last(p.stderr.String(), 2000))
	}
	for _, sign := range []string{"DATA RACE", "panic", "app-healthy", "internal error"} {
		if i := strings.Index(p.stderr.String(), sign); i >= 0 {
			t.Errorf("the log has %q: %.3000s", sign, p.stderr.String()[i:])
		}
	}
}

func last(text string, n int) string { return text[max(0, len(text)-n):] }

// peak is the most memory that the program had at once, in bytes.
func (p *attackedProgram) peak() int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, _ := strconv.Atoi(fields[1])
			return kilobytes << 10
		}
	}
	return 0
}

// files are those that the program has open.
func (p *attackedProgram) files() int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.command.Process.Pid))
	return len(entries)
}
