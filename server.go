// Difygraph serves one GraphQL API over the workflow logs of many Dify apps.
//
// This file is the wiring: command line, configuration, HTTP, start and stop.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/alecthomas/kong"
	"github.com/caarlos0/env/v11"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/generated"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/lifecycle"
	"github.com/difygraph/difygraph/internal/playground"
)

//go:generate go run ./internal/generate

const (
	graphqlPath = "/graphql"
	// drainTime is below the 30 s that Kubernetes gives a process to end unless told otherwise.
	drainTime = 25 * time.Second
	// maxBodyBytes bounds a request: a query has at most some thousand tokens, and its variables are small.
	maxBodyBytes = 1 << 20
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // A second signal ends the process at once.
	if err := run(ctx, process{os.Args[1:], os.Environ(), os.Stdout}); err != nil {
		fmt.Fprintln(os.Stderr, "difygraph:", err)
		os.Exit(1)
	}
}

// process is what the operating system gives a program.
type process struct {
	args    []string // without the program's name
	environ []string
	stdout  io.Writer
}

// commandLine is what can be asked of the program.
type commandLine struct {
	Config string `help:"Configuration file ($$DIFYGRAPH_CONFIG)." placeholder:"FILE"`

	Serve  serveCommand  `cmd:"" default:"1" help:"Serve GraphQL and the playground. Sample data where nothing is configured."`
	Check  checkCommand  `cmd:"" help:"Tell for each app whether it answers, its version and mode."`
	Schema schemaCommand `cmd:"" help:"Print the GraphQL schema."`
}

// run is the program. It ends with its command, or soon after ctx.
func run(ctx context.Context, p process) error {
	var cli commandLine
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("difygraph"), kong.Description("One GraphQL API over the workflow logs of many Dify apps."),
		kong.Writers(p.stdout, p.stdout), kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(p))
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	command, err := parser.Parse(p.args)
	if exited || err != nil {
		return err // --help has been printed where there is none
	}
	return command.Run(&cli)
}

// load reads the configuration that the command line and the environment name.
func (c *commandLine) load(p process) (*config.Config, error) {
	source := config.SystemSource(cmp.Or(c.Config, env.ToMap(p.environ)["DIFYGRAPH_CONFIG"]))
	source.Environ = p.environ
	return config.Load(source)
}

type serveCommand struct{}

// Run serves until ctx ends.
func (serveCommand) Run(ctx context.Context, cli *commandLine, p process) error {
	cfg, err := cli.load(p)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return err
	}
	service := lifecycle.Start(listener)
	defer service.Close()
	if cfg.Demo {
		stop, err := startSample(ctx, cfg)
		if err != nil {
			return err
		}
		defer stop() // after the drain: requests under way need it
	}
	handler, err := newHandler(cfg)
	if err != nil {
		return err
	}
	service.Open(handler)
	greet(p.stdout, address(listener), cfg.Demo)
	return service.Wait(ctx, drainTime)
}

// address is where the listener is to be found from this machine.
func address(listener net.Listener) string {
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return listener.Addr().String()
	}
	if net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func greet(w io.Writer, at string, sample bool) {
	text := fmt.Sprintf("Playground  http://%s/\nGraphQL     http://%s%s\n", at, at, graphqlPath)
	if sample {
		text += "This is sample data of a built-in Dify, since nothing is configured. For apps of yours:\n" +
			"difygraph --config FILE, or DIFY_API_KEY and DIFY_BASE_URL in the environment.\n"
	}
	_, _ = io.WriteString(w, text) // Who closed the output does not want to be told.
}

// newHandler is the whole service for a configuration.
func newHandler(cfg *config.Config) (http.Handler, error) {
	clients, err := newClients(cfg)
	if err != nil {
		return nil, err
	}
	apps := make([]*model.DifyApp, len(cfg.Apps))
	for i, app := range cfg.Apps {
		apps[i] = &model.DifyApp{Key: app.Key, ConfiguredName: app.Name}
	}
	upstream := loader.New(clients, loader.Options{TTL: cfg.Cache.TTL, OperationBytes: int64(cfg.Limits.OperationBytes), Bytes: int64(cfg.Limits.Bytes)})
	api := graph.NewServer(graph.NewResolver(apps, upstream, graph.Limits{
		ScanCalls: cfg.Limits.ScanCalls, ScanDetails: cfg.Limits.ScanDetails, Price: cfg.Limits.Price, Deadline: cfg.Limits.Deadline,
	}))
	api.AddTransport(transport.POST{})
	page := playground.Options{Endpoint: graphqlPath}
	if cfg.Demo {
		page.Notice = "Sample data"
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+graphqlPath, checkBody(seeAll(api)))
	mux.HandleFunc(graphqlPath, refuseMethod) // Or the playground would take it for a page that is not there.
	mux.Handle("/", playground.New(page))
	return mux, nil
}

// seeAll lets every caller see everything.
func seeAll(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(viewer.NewContext(r.Context(), viewer.All)))
	})
}

// newClients makes a client for each app, by its key.
func newClients(cfg *config.Config) (map[string]*difyapi.Client, error) {
	clients := make(map[string]*difyapi.Client, len(cfg.Apps))
	for _, app := range cfg.Apps {
		client, err := difyapi.New(difyapi.Options{
			BaseURL: app.BaseURL, APIKey: app.APIKey.Reveal(), Version: difyapi.ParseVersion(app.Version),
			MaxInFlight: app.MaxInFlight, Timeout: app.Timeout,
		})
		if err != nil {
			return nil, fmt.Errorf("app %q: %w", app.Key, err)
		}
		clients[app.Key] = client
	}
	return clients, nil
}

// checkBody reads the body within its bound and refuses what is no request of GraphQL. The transport behind it would
// repeat such a body in its answer, whole.
func checkBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBodyBytes))
			return
		}
		if err != nil || json.Unmarshal(body, new(graphql.RawParams)) != nil {
			refuse(w, http.StatusBadRequest, "the body is not one JSON object with query, operationName and variables")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func refuseMethod(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	refuse(w, http.StatusMethodNotAllowed, "GraphQL is asked by POST here; the playground is at /")
}

// refuse answers a request that is none of GraphQL in GraphQL's form.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// No error that counts: the client is gone, or it has its answer.
	_ = json.NewEncoder(w).Encode(map[string]gqlerror.List{
		"errors": {{Message: message, Extensions: map[string]any{"code": model.BadUserInput}}},
	})
}

// startSample starts the built-in Dify on a free port, and puts its apps into the configuration. It outlives ctx.
func startSample(ctx context.Context, cfg *config.Config) (stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sample data: %w", err)
	}
	demo := difytest.NewDemo(difytest.Options{})
	server := &http.Server{Handler: demo, ReadHeaderTimeout: time.Minute}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { demo.Run(ctx) })
	running.Go(func() { _ = server.Serve(listener) }) // ends by Close alone
	for _, app := range demo.Apps {
		cfg.Apps = append(cfg.Apps, config.App{
			Key: strings.ReplaceAll(strings.ToLower(app.Name()), " ", "-"), Name: app.Name(),
			BaseURL: "http://" + listener.Addr().String() + "/v1", APIKey: config.NewSecret(app.APIKey()),
		})
	}
	return func() {
		cancel()
		_ = server.Close()
		running.Wait()
	}, nil
}

type checkCommand struct{}

// Run asks all apps side by side, and prints a line for each in the order of the configuration.
func (checkCommand) Run(ctx context.Context, cli *commandLine, p process) error {
	cfg, err := cli.load(p)
	if err != nil {
		return err
	}
	if cfg.Demo {
		return errors.New("nothing is configured, so there is nothing to check: give --config FILE, or set DIFY_API_KEY and DIFY_BASE_URL")
	}
	clients, err := newClients(cfg)
	if err != nil {
		return err
	}
	lines, failures := make([]string, len(cfg.Apps)), make([]error, len(cfg.Apps))
	var calls sync.WaitGroup
	for i, app := range cfg.Apps {
		calls.Go(func() { lines[i], failures[i] = checkApp(ctx, clients[app.Key]) })
	}
	calls.Wait()
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for i, app := range cfg.Apps {
		fmt.Fprintf(table, "%s\t%s\n", app.Key, lines[i])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if errors.Join(failures...) != nil {
		return errors.New("not all apps answer")
	}
	return nil
}

// checkApp describes the app, or its failure. Errors of difyapi show neither address nor key.
func checkApp(ctx context.Context, client *difyapi.Client) (string, error) {
	info, err := client.Info(ctx)
	if err != nil {
		return "fails\t" + err.Error(), err
	}
	version, mode := cmp.Or(client.Version().String(), "unknown"), "unknown"
	if info.Mode != nil {
		mode = *info.Mode
	}
	return "answers\tDify " + version + "\tmode " + mode, nil
}

type schemaCommand struct {
	Subgraph bool `help:"As a graph of many takes it, for Apollo Federation: without node and nodes."`
}

// Run prints the SDL.
func (c schemaCommand) Run(p process) error {
	if c.Subgraph {
		_, err := io.WriteString(p.stdout, graph.SubgraphSDL())
		return err
	}
	// @link is for gateways, which ask _service, and Relay's compiler takes no extension of the schema.
	schema := *generated.NewExecutableSchema(generated.Config{}).Schema()
	schema.SchemaDirectives = nil
	var sdl strings.Builder
	formatter.NewFormatter(&sdl, formatter.WithIndent("  ")).FormatSchema(&schema)
	_, err := io.WriteString(p.stdout, sdl.String())
	return err
}
