package playground

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"time"
)

// files serves "/playground/{digest}/{file}". The digest is one of all files together: scripts import each other by relative
// paths, and so always get each other's right version.
type files struct {
	content map[string][]byte
	digest  string
}

func newFiles(content map[string][]byte) *files {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(content)) {
		fmt.Fprintf(hash, "%s %d\n", name, len(content[name]))
		hash.Write(content[name])
	}
	return &files{content: content, digest: shortHex(hash.Sum(nil))}
}

func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	content, ok := f.content[name]
	// Another digest is another build's. Its files under this path would stay in caches for good.
	if !ok || r.PathValue("digest") != f.digest {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	serve(w, r, content, contentTypes[path.Ext(name)], f.digest)
}

// contentTypes are our own because the table of package mime depends on the machine, and a script of a wrong type is not run.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// page serves "/".
type page struct {
	body   []byte
	policy string
	etag   string
}

func newPage(body []byte, policy string) *page {
	sum := sha256.Sum256(body)
	return &page{body: body, policy: policy, etag: shortHex(sum[:])}
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	serve(w, r, p.body, contentTypes[".html"], p.etag)
}

// serve answers GET and HEAD, with 304 where the client has it already.
func serve(w http.ResponseWriter, r *http.Request, body []byte, contentType, etag string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", `"`+etag+`"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// shortHex is enough of a hash to tell builds apart: 64 bits.
func shortHex(sum []byte) string {
	return hex.EncodeToString(sum[:8])
}
