package docs_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/difygraph/difygraph/internal/playground/browsertest"
)

// picture is what the README shows, for readers whose connection is slow, too.
const (
	picture      = "playground.png"
	pictureBytes = 100_000
)

var takePicture = flag.Bool("picture", false, "take the picture of the playground anew")

// TestPicture takes the picture where that is asked for, and otherwise wants one that can be shown.
func TestPicture(t *testing.T) {
	t.Parallel()
	if *takePicture {
		write(t, browsertest.Picture(t, serveSample(t).url, browsertest.BuiltIn()))
	}
	content := read(t, picture)
	if shown, err := png.DecodeConfig(bytes.NewBufferString(content)); err != nil || shown.Width < 1000 {
		t.Errorf("%+v: %v", shown, err)
	}
	if len(content) > pictureBytes {
		t.Errorf("the picture has %d bytes, %d are the most", len(content), pictureBytes)
	}
}

// write keeps the picture in less space than a browser does: text and lines need few colours.
func write(t *testing.T, taken []byte) {
	t.Helper()
	shown, err := png.Decode(bytes.NewReader(taken))
	if err != nil {
		t.Fatal(err)
	}
	small := image.NewPaletted(shown.Bounds(), commonColours(shown))
	draw.Draw(small, shown.Bounds(), shown, shown.Bounds().Min, draw.Src)
	var encoded bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&encoded, small); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(picture, encoded.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commonColours are those that most of a picture has, as many as a byte can number.
func commonColours(shown image.Image) color.Palette {
	const most = 256
	counts := map[color.Color]int{}
	for y := shown.Bounds().Min.Y; y < shown.Bounds().Max.Y; y++ {
		for x := shown.Bounds().Min.X; x < shown.Bounds().Max.X; x++ {
			counts[shown.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return counts[b] - counts[a] })
	return colours[:min(most, len(colours))]
}
