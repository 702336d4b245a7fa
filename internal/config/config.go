// Package config reads what difygraph is told about itself and its Dify apps:
// a YAML file, or a few environment variables, or nothing at all.
//
// [Load] is a pure function of a [Source]: the path of the file, the
// environment and a function that reads files. So a reload is a second call,
// and a test needs no disk.
//
// The way of a file: document.go parses the YAML, decode.go fills a [Config]
// and remembers where each value stands, keyfile.go reads the API keys that
// have a file of their own, rules.go and unique.go check the whole; reload.go
// says which configuration may come after which. All of them
// put what is wrong into one report, which comes back as [Mistakes] in the file's order.
//
// No error repeats a value of the file or of the environment. An API key may
// stand in the wrong place, and errors end up in logs.
package config

import "time"

// Config is a valid configuration with all defaults filled in.
// The yaml names are the fields of the file.
type Config struct {
	// Listen is the host:port that the server listens on. Anything but a
	// loopback address is valid only where Auth says something.
	Listen string `yaml:"listen" default:"127.0.0.1:8080" validate:"hostport"`

	// Auth says who may call. The zero Auth is of a file that says nothing.
	Auth Auth `yaml:"auth"`

	// Hosts are the names, without a port, by which a server that asks nobody
	// who they are is asked for, beside those of this machine.
	Hosts []string `yaml:"hosts" validate:"dive,hostname"`

	CORS CORS `yaml:"cors"`

	// Apps are the Dify apps to serve, in the file's order: at least one,
	// unless Demo is set.
	Apps []App `yaml:"apps" validate:"dive"`

	GraphQL GraphQL `yaml:"graphql"`

	Limits Limits `yaml:"limits"`
	Cache  Cache  `yaml:"cache"`
	Live   Live   `yaml:"live"`

	// Log is the form of the log: json or text.
	Log string `yaml:"log" default:"json" validate:"oneof=json text"`

	Metrics Metrics `yaml:"metrics"`

	// Demo says that nothing is configured: no file and no app in the
	// environment. The server then shows sample data.
	Demo bool `yaml:"-"`

	// text is the file's. finished says that it ends with the end of a line.
	text     Secret
	finished bool
}

// App is one Dify app.
type App struct {
	// Key is what the API calls the app: 1 to 64 of a-z, 0-9 and -, unique.
	Key string `yaml:"key" validate:"appkey"`

	// Name is what people call the app. Empty: as Dify names it.
	Name string `yaml:"name"`

	// BaseURL is Dify's API address without a trailing slash, such as
	// https://api.dify.ai/v1: absolute, http or https, no user, query or fragment.
	BaseURL string `yaml:"baseURL" validate:"baseurl"`

	// APIKey is the app's key to Dify's service API, never empty.
	APIKey Secret `yaml:"apiKey" validate:"apikey"`

	// APIKeyFile is the path that APIKey was read from, joined to the folder
	// of the configuration file, or empty. A reload watches it.
	APIKeyFile string `yaml:"apiKeyFile"`

	// Version is the Dify version to assume where a proxy hides X-Version,
	// such as 1.14.2, or empty.
	Version string `yaml:"version" validate:"omitempty,difyversion"`

	// MaxInFlight bounds the calls to this app at one time, 1 to 1000.
	MaxInFlight int `yaml:"maxInFlight" default:"8" validate:"min=1,max=1000"`

	// Timeout bounds one call to Dify, 1ms to 10m.
	Timeout time.Duration `yaml:"timeout" default:"30s" validate:"min=1ms,max=10m"`
}

// GraphQL says what the API tells of itself.
type GraphQL struct {
	// Introspection lets callers read the schema. Gateways can read it anyway.
	Introspection bool `yaml:"introspection" default:"true"`

	// Suggestions lets errors name what a caller may have meant.
	Suggestions bool `yaml:"suggestions" default:"true"`
}

// Metrics says where the service shows what it counts.
type Metrics struct {
	// Listen is a host:port of its own, for Prometheus; empty shows nothing.
	// Anything but a loopback address is valid only where Open is set.
	Listen string `yaml:"listen" validate:"omitempty,hostport"`

	// Open lets others than this machine read them: nobody is asked who they are.
	Open bool `yaml:"open"`

	// Pprof serves Go's profiles of the process beside them, to whoever may read them.
	Pprof bool `yaml:"pprof"`
}

// CORS says which sites' pages may call.
type CORS struct {
	// Origins are as browsers write them, such as https://dash.example: a
	// scheme, a name and perhaps a port.
	Origins []string `yaml:"origins" validate:"dive,origin"`

	// Headers are names of request headers that their pages may set, beside
	// those that clients of GraphQL and tools for tracing are known to set.
	Headers []string `yaml:"headers" validate:"dive,header"`
}

// Live says how it is found out what happens inside runs.
type Live struct {
	// StreamsPerServer is how many runs of one server may be watched at once,
	// 1 to 1000. A Dify without a proxy before it has ten places for everybody.
	StreamsPerServer int `yaml:"streamsPerServer" default:"2" validate:"min=1,max=1000"`

	// WatchAll watches runs of end users of all types. Dify makes each whose
	// run is watched one of type service-api, in its log too.
	WatchAll bool `yaml:"watchAll"`
}

// Limits bound what one request may cost.
type Limits struct {
	// ScanCalls is the number of calls per stream that one page with filters
	// of our own may take, 1 to 1000. Where so many streams are merged that a
	// page would cost more than half of Price, they have fewer, and one at
	// least.
	ScanCalls int `yaml:"scanCalls" default:"10" validate:"min=1,max=1000"`

	// ScanDetails is the number of runs that one page with a keyword longer
	// than Dify compares may look at, 1 to 10000.
	ScanDetails int `yaml:"scanDetails" default:"200" validate:"min=1,max=10000"`

	// Price is what one operation may be foreseen to cost, and may spend: 10
	// for each call to Dify and 1 for each row, 10 to 10000000. A page of n
	// apps takes n calls, up to 3n where it also counts and looks back.
	Price int `yaml:"price" default:"20000" validate:"min=10,max=10000000"`

	// Rate is what one caller may spend in a second, by the same measure, and
	// Burst what it may have put by, at least Price. 10 to 10000000 each.
	Rate  int `yaml:"rate" default:"2000" validate:"min=10,max=10000000"`
	Burst int `yaml:"burst" default:"40000" validate:"min=10,max=10000000,gtefield=Price"`

	// Operations is the number of operations that are executed at once, 0 to
	// 10000. One that waits for Dify is not. 0 stands for four for each
	// processor, at least 8.
	Operations int `yaml:"operations" validate:"min=0,max=10000"`

	// Waiting is how many more may be admitted, that wait for Dify or for
	// others, 0 to 100000.
	Waiting int `yaml:"waiting" default:"2000" validate:"min=0,max=100000"`

	// Deadline is how long one operation may take, 100ms to 10m.
	Deadline time.Duration `yaml:"deadline" default:"60s" validate:"min=100ms,max=10m"`

	// Connections is how many connections clients may have open at once, and
	// ConnectionsPerAddress how many of them one IPv4 address or one IPv6
	// network of 64 bits may have. 10 to 1000000 each.
	Connections           int `yaml:"connections" default:"2048" validate:"min=10,max=1000000"`
	ConnectionsPerAddress int `yaml:"connectionsPerAddress" default:"512" validate:"min=10,max=1000000"`

	// ConnectionsPerServer bounds the connections to one server, which is the
	// scheme, host and port of base URLs, in use or idle, and so the calls at
	// one time to all of its apps, 1 to 1000.
	ConnectionsPerServer int `yaml:"connectionsPerServer" default:"4" validate:"min=1,max=1000"`

	// Subscriptions is how many subscriptions and how many WebSockets there
	// may be at once, and SubscriptionsPerCaller how many of either one caller
	// may have, 1 to 100000. SubscriptionsPerSocket bounds the operations of
	// one WebSocket at one time, 1 to 1000.
	Subscriptions          int `yaml:"subscriptions" default:"2000" validate:"min=1,max=100000"`
	SubscriptionsPerCaller int `yaml:"subscriptionsPerCaller" default:"200" validate:"min=1,max=100000"`
	SubscriptionsPerSocket int `yaml:"subscriptionsPerSocket" default:"50" validate:"min=1,max=1000"`

	// OperationBytes is how much of Dify's answers one operation may hold, in
	// bytes of JSON, 1 MiB to 16 GiB; and as much for its own answer, each
	// byte of which counts twice.
	OperationBytes int `yaml:"operationBytes" default:"67108864" validate:"min=1048576,max=17179869184"`

	// Bytes is how much of both all operations together may hold, at least
	// OperationBytes, up to 1 TiB; one caller's hold half of it at most. Each
	// of them counts for 96 KiB, also while it waits.
	Bytes int `yaml:"bytes" default:"402653184" validate:"min=1048576,max=1099511627776,gtefield=OperationBytes"`
}

// Cache says how long answers of Dify are kept.
type Cache struct {
	// TTL is the age up to which an answer serves again, 0 to 10m.
	// 0 switches the cache off.
	TTL time.Duration `yaml:"ttl" default:"2s" validate:"min=0s,max=10m"`
}
