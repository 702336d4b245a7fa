package service

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/config"
)

var attackMemory = flag.Bool("memory", false, "attack a process that has the example deployment's memory; takes a minute")

// childConfig makes a test's process a server, by the configuration that it has.
const childConfig = "DIFYGRAPH_TEST_CHILD"

func TestMain(m *testing.M) {
	if yaml := os.Getenv(childConfig); yaml != "" {
		if err := serveChild(yaml); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// serveChild writes its address to the standard output, and ends with its input.
func serveChild(yaml string) error {
	cfg, err := config.Load(config.Source{Path: "c.yaml", ReadFile: func(string) ([]byte, error) { return []byte(yaml), nil }})
	if err != nil {
		return err
	}
	service, err := New(cfg, Options{})
	if err != nil {
		return err
	}
	server := httptest.NewServer(service)
	fmt.Println(server.URL)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// attacked is a service in a process of its own.
type attacked struct {
	url     string
	process *os.Process
}

// startChild starts a service with so much memory for Go's collector to keep to.
func startChild(t *testing.T, goMemLimit, yaml string) *attacked {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childConfig+"="+yaml, "GOMEMLIMIT="+goMemLimit)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = child.Wait()
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return &attacked{strings.TrimSpace(url), child.Process}
}

// peak is the most memory that the process has had, in bytes.
func (a *attacked) peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.process.Pid))
	if err != nil {
		t.Skipf("the memory of a process is read from /proc: %v", err)
	}
	peak := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
	kilobytes, err := strconv.ParseInt(string(peak[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// attack sends one query, and takes the answer from the wire at some speed. It gives the codes of errors.
func (a *attacked) attack(t *testing.T, query, encoding string, pause time.Duration) string {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+GraphQLPath, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Encoding", cmp.Or(encoding, "identity"))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	head, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	for {
		time.Sleep(pause) // a slow reader is what is tried
		if n, _ := io.CopyN(io.Discard, response.Body, 4<<20); n == 0 {
			break
		}
	}
	return strings.Join(regexp.MustCompile(`COST_LIMIT_EXCEEDED|OVERLOADED|RATE_LIMITED`).FindAllString(string(head[:min(len(head), 600)]), 1), "")
}

// exampleMemory is what the example deployment gives a process.
func exampleMemory(t *testing.T) (goMemLimit string, limit int64) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?s)value: (\d+MiB).*limits: \{memory: (\d+)Gi\}`).FindSubmatch(text)
	if found == nil {
		t.Fatal("the example has no GOMEMLIMIT or no limit")
	}
	gibibytes, err := strconv.ParseInt(string(found[2]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return string(found[1]), gibibytes << 30
}

// TestExampleDeploymentHoldsItsMemory: by the defaults, under 64 attackers of each kind at once, each of whom wants what is his own.
func TestExampleDeploymentHoldsItsMemory(t *testing.T) { //nolint:paralleltest // one process at a time has the memory
	if !*attackMemory {
		t.Skip("takes a minute, and a gigabyte: go test ./internal/service -run ExampleDeployment -memory")
	}
	goMemLimit, limit := exampleMemory(t)
	dify := difytest.New(difytest.Options{})
	socket := httptest.NewServer(dify)
	t.Cleanup(socket.Close)
	runs := fill(dify)
	yaml := fmt.Sprintf("limits: {rate: 10000000, burst: 10000000}\napps:\n  - {key: a, baseURL: %q, apiKey: %s, version: 1.14.2}\n", socket.URL+"/v1", difyKey)
	for _, kind := range []struct { //nolint:paralleltest // see above
		name, encoding string
		pause          time.Duration
		query          func(i int) string
	}{
		{"large inputs by a hundred aliases", "", 0, func(i int) string { return fmt.Sprintf(`{workflowRun(uuid: %q) {%s}}`, runs[i], many("inputs", 100)) }},
		{"compressed", "gzip", 0, func(i int) string { return fmt.Sprintf(`{workflowRun(uuid: %q) {%s}}`, runs[i], many("inputs", 100)) }},
		{"slow readers", "", 200 * time.Millisecond, func(i int) string { return fmt.Sprintf(`{workflowRun(uuid: %q) {%s}}`, runs[i], many("inputs", 100)) }},
		{"large details", "", 0, func(i int) string {
			return fmt.Sprintf(`{workflowLogs(first: %d) {nodes {workflowRun {inputs outputs}}}}`, 36+i)
		}},
		{"errors by a hundred aliases", "", 0, func(i int) string {
			return fmt.Sprintf(`{workflowLogs(first: %d) {nodes {workflowRun {%s}}}}`, 36+i, many("error", 100))
		}},
		{"many fields", "", 0, func(i int) string {
			return fmt.Sprintf(`{workflowLogs(first: %d) {nodes {%s}}}`, 36+i, many("id", 95))
		}},
		{"the schema", "", 0, func(int) string { return `{__schema {` + many("types {name fields {name args {name}}}", 90) + `}}` }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			child := startChild(t, goMemLimit, yaml)
			var mu sync.Mutex
			codes := make(map[string]int)
			var attackers sync.WaitGroup
			for i := range 64 {
				attackers.Go(func() {
					for range 3 {
						code := child.attack(t, kind.query(i), kind.encoding, kind.pause)
						mu.Lock()
						codes[code]++
						mu.Unlock()
					}
				})
			}
			attackers.Wait()
			peak := child.peak(t)
			t.Logf("%d MiB at the peak; errors %v", peak>>20, codes)
			if peak > limit {
				t.Errorf("%d MiB at the peak, the example has %d", peak>>20, limit>>20)
			}
		})
	}
}

// fill makes 100 runs with 2 MiB of inputs and a long error, and gives their ids.
func fill(dify *difytest.Server) (ids []uuid.UUID) {
	app := dify.AddApp(difytest.AppOptions{Name: "a", APIKey: difyKey})
	inputs := `{"text": "` + strings.Repeat("a large text, ", 150_000) + `"}`
	long := strings.Repeat("went wrong ", 1000)
	for i := range 100 {
		at := time.Unix(int64(1772323200+i), 0)
		row := app.Insert(difytest.Row{CreatedAt: at, CreatedFrom: "service-api", CreatedByRole: "end_user", EndUser: &difytest.EndUser{SessionID: "s", Type: "browser"}, Run: &difytest.Run{
			Status: difytest.StatusFailed, Inputs: inputs, Outputs: `{}`, Error: &long, CreatedAt: at, FinishedAt: at,
		}})[0]
		ids = append(ids, row.Run.ID)
	}
	return ids
}

func many(field string, n int) string {
	var fields strings.Builder
	for i := range n {
		fmt.Fprintf(&fields, " f%d: %s", i, field)
	}
	return fields.String()
}
