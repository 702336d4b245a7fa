package graph_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// checksUnderRace is how many worlds each property draws where the race detector makes walks some ten times slower. It looks
// for races, which few worlds show as well as many.
const checksUnderRace = "25"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if raceDetector && !given {
		if err := flag.Set("rapid.checks", checksUnderRace); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
