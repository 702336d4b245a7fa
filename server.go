// Difygraph serves one GraphQL API over the workflow logs of many Dify apps.
//
// This file is the wiring: command line, configuration, HTTP, start and stop.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/caarlos0/env/v11"
	"go.opentelemetry.io/otel"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/doctor"
	"github.com/difygraph/difygraph/internal/files"
	"github.com/difygraph/difygraph/internal/httpserver"
	"github.com/difygraph/difygraph/internal/identity"
	"github.com/difygraph/difygraph/internal/service"
	"github.com/difygraph/difygraph/internal/telemetry"
)

//go:generate go tool gqlgen generate

// What the end of the process may take: in all less than the 30 s that Kubernetes gives it unless told otherwise, less the
// few seconds that balancers need to learn of it.
const (
	drainTime = 20 * time.Second // for requests under way
	flushTime = 3 * time.Second  // to send the last spans
	lastWords = time.Second      // to write the last lines of the log, and once more to say why the process ends
)

func main() {
	ctx := letGo(signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM))
	if err := run(ctx, process{os.Args[1:], os.Environ(), os.Stdout, os.Stderr}); err != nil {
		if _, logged := errors.AsType[loggedError](err); !logged {
			last := telemetry.NewQueue(os.Stderr, nil)
			fmt.Fprintln(last, "difygraph:", err)
			flush(context.Background(), last)
		}
		os.Exit(exitCode(err))
	}
}

// letGo is a context that ends once the signal that ends the first has been heard and stop has returned: whoever sees the process
// end may send a second one, which is to end it at once.
func letGo(signalled context.Context, stop func()) context.Context {
	ctx, cancel := context.WithCancel(context.WithoutCancel(signalled))
	context.AfterFunc(signalled, func() {
		stop()
		cancel()
	})
	return ctx
}

// exitCode tells apps that do not answer from what is wrong with the command, so that a script can.
func exitCode(err error) int {
	if errors.Is(err, doctor.ErrFailing) {
		return 2
	}
	return 1
}

// process is what the operating system gives a program.
type process struct {
	args    []string // without the program's name
	environ []string
	stdout  io.Writer
	stderr  io.Writer
}

// commandLine is what can be asked of the program.
type commandLine struct {
	Config  *string          `help:"Configuration file ($$DIFYGRAPH_CONFIG)." placeholder:"FILE"`
	Version kong.VersionFlag `help:"Print the version."`

	Serve       serveCommand       `cmd:"" default:"withargs" help:"Serve GraphQL and the playground. Sample data where nothing is configured."`
	Check       checkCommand       `cmd:"" help:"Tell for each app whether it answers, its version and mode."`
	Schema      schemaCommand      `cmd:"" help:"Print the GraphQL schema."`
	Healthcheck healthcheckCommand `cmd:"" help:"Tell by the exit code whether the server of this machine lives, at $$DIFYGRAPH_LISTEN or else where the configuration says."`
	Token       tokenCommand       `cmd:"" help:"Make a token for a caller, and the line of the configuration that allows it."`
	Print       versionCommand     `cmd:"" name:"version" help:"Print the version."`
	Help        helpCommand        `cmd:"" help:"Print the commands and flags."`
}

// run is the program. It ends with its command, or soon after ctx.
func run(ctx context.Context, p process) error {
	var cli commandLine
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("difygraph"), kong.Description("One GraphQL API over the workflow logs of many Dify apps."),
		kong.Writers(p.stdout, p.stdout), kong.Exit(func(int) { exited = true }),
		kong.Vars{"version": "difygraph " + version()},
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(p))
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	command, err := parser.Parse(p.args)
	if exited {
		return nil // --help or --version has been printed, whatever else there is on the command line
	}
	if err != nil {
		return err
	}
	return command.Run(&cli)
}

// source is what the command line and the environment name. Its files are read until ctx ends.
func (c *commandLine) source(ctx context.Context, p process) (config.Source, error) {
	path := env.ToMap(p.environ)["DIFYGRAPH_CONFIG"]
	if c.Config != nil {
		if path = *c.Config; path == "" {
			return config.Source{}, errors.New("--config names no file: leave it out, or see whether a variable of the shell is empty")
		}
	}
	source := config.SystemSource(path, files.Within(ctx))
	source.Environ = p.environ
	return source, nil
}

// load reads the configuration of that source.
func (c *commandLine) load(ctx context.Context, p process) (*config.Config, error) {
	source, err := c.source(ctx, p)
	if err != nil {
		return nil, err
	}
	return config.Load(source)
}

type serveCommand struct {
	Operations     string `help:"Operations that can be asked for by their hash: Apollo's manifest, or a JSON object from SHA-256 to text." placeholder:"FILE"`
	OperationsOnly bool   `help:"Execute no other operations than those."`
}

// Run serves until ctx ends. Whatever there is to say of it is a line of the log, mistakes in the configuration too.
func (c serveCommand) Run(ctx context.Context, cli *commandLine, p process) error {
	service.TuneMemory()
	hangups, stopHearing := hearSignals()
	defer stopHearing()
	source, err := cli.source(ctx, p)
	if err != nil {
		return err
	}
	cfg, err := config.Load(source)
	log, out := telemetry.OpenLog(ctx, p.stderr, logFormat(cfg, p)), telemetry.NewQueue(p.stdout, nil)
	log.TakeOver()
	defer flush(ctx, out, log.Queue)
	if err == nil {
		err = c.serve(ctx, source, cfg, log, out, hangups)
	}
	logEnd(log.Logger, err)
	if err != nil {
		return loggedError{err}
	}
	return nil
}

// serve serves what was loaded from the source, and what that becomes, until ctx ends.
func (c serveCommand) serve(
	ctx context.Context, source config.Source, cfg *config.Config, log *telemetry.Log, out io.Writer, hangups <-chan os.Signal,
) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return err
	}
	running := httpserver.Start(listener, httpserver.Bounds{
		Connections: cfg.Limits.Connections, PerAddress: cfg.Limits.ConnectionsPerAddress,
	})
	defer running.Close()
	if cfg.Demo {
		stop, err := startSample(ctx, cfg)
		if err != nil {
			return err
		}
		defer stop() // after the drain: requests under way need it
	}
	told, err := startTelemetry(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer stopTelemetry(ctx, told)
	closeMetrics, err := serveMetrics(ctx, cfg, told)
	if err != nil {
		return err
	}
	defer closeMetrics() // after the drain, which the numbers tell of
	stop, err := service.Watch(ctx, service.Source{
		Config: source, Listen: cfg.Listen, Sample: cfg.Apps, Operations: c.Operations, OperationsOnly: c.OperationsOnly,
		Telemetry: told, Files: files.Within(ctx), Put: running.Put, Draining: running.Draining(), Hangups: hangups,
	})
	if err != nil {
		return err
	}
	defer stop()
	logStart(log.Logger, cfg, listener)
	if cfg.Demo {
		greet(out, address(listener))
	}
	return running.Wait(ctx, drainTime)
}

// hearSignals keeps signals from ending the process that are no order to end it, from its start to its end: SIGHUP asks for a
// reload, and SIGPIPE says that nobody reads the log any more.
func hearSignals() (hangups chan os.Signal, stop func()) {
	signal.Ignore(syscall.SIGPIPE)
	hangups = make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return hangups, func() { signal.Stop(hangups) }
}

// flush writes what is left to say, if somebody takes it.
func flush(ctx context.Context, queues ...*telemetry.Queue) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	for _, queue := range queues {
		_ = queue.Close(ctx) // There is nobody to tell.
	}
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

// greet is for who tries it out: what is configured says where it is in the log alone.
func greet(w io.Writer, at string) {
	_, _ = fmt.Fprintf(w, "Playground  http://%s/\nGraphQL     http://%s%s\n"+
		"This is sample data of a built-in Dify, since nothing is configured. For apps of yours:\n"+
		"difygraph --config FILE, or DIFY_API_KEY and DIFY_BASE_URL in the environment.\n", at, at, service.GraphQLPath)
}

// startSample starts the built-in Dify on a free port, and puts its apps into the configuration. It outlives ctx.
func startSample(ctx context.Context, cfg *config.Config) (stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sample data: %w", err)
	}
	demo := difytest.NewDemo(difytest.Options{})
	closeServer := httpserver.StartAuxiliary(listener, demo)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { demo.Run(ctx) })
	for _, app := range demo.Apps {
		cfg.Apps = append(cfg.Apps, config.App{
			Key: strings.ReplaceAll(strings.ToLower(app.Name()), " ", "-"), Name: app.Name(),
			BaseURL: "http://" + listener.Addr().String() + "/v1", APIKey: config.NewSecret(app.APIKey()),
		})
	}
	return func() {
		cancel()
		closeServer()
		running.Wait()
	}, nil
}

func startTelemetry(ctx context.Context, cfg *config.Config, log *telemetry.Log) (*telemetry.Telemetry, error) {
	exporter, err := telemetry.TraceExporter(ctx)
	if err != nil {
		return nil, err
	}
	return telemetry.New(ctx, telemetry.Options{
		Log: log.Logger, Dropped: log.Dropped, Metrics: cfg.Metrics.Listen != "", Traces: exporter,
		Account: service.AccountOf, Version: version(),
	})
}

// release is the version of a build that is released: go build -ldflags "-X main.release=v1.2.3".
var release string

// version is that of the release, or of the module that the program was built from.
func version() string {
	if build, ok := debug.ReadBuildInfo(); ok && release == "" {
		return build.Main.Version
	}
	return release
}

// serveMetrics serves them on a port of their own, if there is an address.
func serveMetrics(ctx context.Context, cfg *config.Config, told *telemetry.Telemetry) (stop func(), err error) {
	if cfg.Metrics.Listen == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return httpserver.StartAuxiliary(listener, service.Metrics(cfg, told)), nil
}

func stopTelemetry(ctx context.Context, told *telemetry.Telemetry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	if err := told.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}

type checkCommand struct {
	JSON    bool          `help:"Print JSON: {\"apps\": […]}, see docs/configuration.md." name:"json"`
	Timeout time.Duration `help:"How long each app may take." default:"30s"`
}

// Run prints what is found of all apps, and fails where one of them does not answer.
func (c checkCommand) Run(ctx context.Context, cli *commandLine, p process) error {
	cfg, err := cli.load(ctx, p)
	if err != nil {
		return err
	}
	if cfg.Demo {
		return errors.New("nothing is configured, so there is nothing to check: give --config FILE, or set DIFY_API_KEY and DIFY_BASE_URL")
	}
	pool := difyapi.NewPool()
	defer pool.Close()
	apps, err := service.AppsToExamine(cfg, pool) //nolint:contextcheck // How an app is belongs to no call.
	if err != nil {
		return err
	}
	report := doctor.ExamineAll(ctx, apps, c.Timeout)
	if c.JSON {
		err = json.NewEncoder(p.stdout).Encode(report)
	} else if err = report.Print(p.stdout); err == nil {
		_, err = fmt.Fprintf(p.stdout, connectionsNote, cfg.Limits.ConnectionsPerServer)
	}
	return cmp.Or(err, report.Verdict())
}

// connectionsNote is for whoever raises the limit. Whether a Dify bears more is not to be tried out: it would answer nobody.
const connectionsNote = "At most %d connections to each Dify (limits.connectionsPerServer). From 1.14.2 on it has ten for everybody; " +
	"SERVER_WORKER_CLASS=gevent in its environment makes room for more.\n"

type versionCommand struct{}

// Run prints the program's version, and Go's.
func (versionCommand) Run(p process) error {
	_, err := fmt.Fprintf(p.stdout, "difygraph %s (%s %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type helpCommand struct{}

// Run prints what --help does.
func (helpCommand) Run(ctx context.Context, p process) error {
	p.args = []string{"--help"}
	return run(ctx, p)
}

type schemaCommand struct {
	Subgraph bool `help:"As a graph of many takes it, for Apollo Federation: without node and nodes."`
}

// Run prints the SDL.
func (c schemaCommand) Run(p process) error {
	sdl := graph.SDL()
	if c.Subgraph {
		sdl = graph.SubgraphSDL()
	}
	_, err := io.WriteString(p.stdout, sdl)
	return err
}

// tokenCommand gives the least by default: the app's key is to be filled in, and there are only the fields that all callers see.
type tokenCommand struct {
	Name   string         `help:"How logs and limits call the caller." default:"NAME"`
	Apps   []string       `help:"Keys of the apps that the caller sees, or patterns such as shop-*." default:"app-key"`
	Scopes []viewer.Scope `help:"What the caller sees of them: logs, content, people." enum:"logs,content,people" default:"logs"`
}

// Run prints a token, which is not to be had again.
func (c tokenCommand) Run(p process) error {
	if !config.IsCallerName(c.Name) {
		return errors.New("--name must be 1 to 64 of A-Z, a-z, 0-9, -, _ and dot")
	}
	if len(c.Apps) == 0 || slices.ContainsFunc(c.Apps, func(pattern string) bool { return !config.IsAppPattern(pattern) }) {
		return errors.New(`--apps must be keys of apps, or patterns such as "shop-*"`)
	}
	token, digest := identity.NewToken()
	_, err := fmt.Fprintf(p.stdout, "Token, shown this once:  %s\n\nIts line in the configuration, below auth.tokens:\n  %s\n\n"+
		"Or for all apps and scopes:  DIFYGRAPH_TOKEN_SHA256=%s\n", token, identity.TokenEntry(c.Name, digest, c.Apps, c.Scopes), digest)
	return err
}

// healthcheckCommand is for images without a shell, which have no other program to ask.
type healthcheckCommand struct{}

// Run asks the server of this machine whether it lives. Where DIFYGRAPH_LISTEN is set, as in the image, the configuration is
// not read: a server lives on when its file goes bad, and must not be ended for that.
func (healthcheckCommand) Run(ctx context.Context, cli *commandLine, p process) error {
	listen := env.ToMap(p.environ)["DIFYGRAPH_LISTEN"]
	if listen == "" {
		cfg, err := cli.load(ctx, p)
		if err != nil {
			return err
		}
		listen = cfg.Listen
	}
	return httpserver.Probe(ctx, listen)
}
