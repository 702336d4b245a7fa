package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

var apps = []string{"a", "b", "c"}

// failingDify is a Dify with the apps, and how it fails.
type failingDify struct {
	*difytest.Server
	socket *httptest.Server
	began  time.Time
}

func startFailingDify(t *testing.T) *failingDify {
	t.Helper()
	d := &failingDify{Server: difytest.New(difytest.Options{}), began: time.Now()}
	for i, key := range apps {
		app := d.AddApp(difytest.AppOptions{Name: key, APIKey: "app-secret-" + key})
		app.Insert(difytest.Generate(difytest.GenerateOptions{Seed: uint64(i), Rows: 500, Until: time.Now(), Complete: true})...)
	}
	d.SetFault(d.fault)
	d.socket = httptest.NewServer(d)
	t.Cleanup(d.socket.Close)
	return d
}

// A round of failures: half of it few requests fail, then many, then all.
const (
	round  = 20 * time.Second
	many   = 10 * time.Second
	outage = 14 * time.Second
)

// fault decides what becomes of a request.
func (d *failingDify) fault(*http.Request) *difytest.Fault {
	share := 0.05
	switch at := time.Since(d.began) % round; {
	case at >= outage:
		return difytest.CloseConnection()
	case at >= many:
		share = 0.5
	}
	if rand.Float64() >= share {
		return nil
	}
	faults := []*difytest.Fault{
		difytest.InternalServerError(), difytest.ServiceUnavailable(), difytest.GatewayTimeout(), difytest.BadGateway().Cut(),
		difytest.TooManyRequests(), difytest.CloseConnection(), difytest.CutBody(), difytest.Hang(),
		difytest.Nonsense("{}"), difytest.LoginPage(), difytest.Delay(50 * time.Millisecond),
	}
	return faults[rand.IntN(len(faults))]
}

// configuration is that of a server over the Dify. Number tells it from the one before.
func (d *failingDify) configuration(number int64) []byte {
	var text strings.Builder
	fmt.Fprintf(&text, "# %d\nlimits: {rate: 10000000, burst: 10000000}\ncache: {ttl: 1s}\napps:\n", number)
	for _, key := range apps {
		fmt.Fprintf(&text, "  - {key: %s, baseURL: %q, apiKey: app-secret-%s, timeout: 500ms}\n", key, d.socket.URL+"/v1", key)
	}
	return []byte(text.String())
}
