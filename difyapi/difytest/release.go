package difytest

import (
	"cmp"
	"strconv"
	"strings"
)

// release is a version of Dify: major, minor, patch. What follows a hyphen is
// dropped: a fix release behaves like the release that it fixes.
type release [3]int

// What changed when. A server below the release has the older behaviour.
var (
	exceptionsCountAdded = release{0, 14, 0}
	keywordsEncoded      = release{0, 15, 0}
	timeBoundsAdded      = release{1, 0, 1}
	runTimesAreNumbers   = release{1, 2, 0}
	isoparseUsed         = release{1, 3, 0}
	chatflowRunsShown    = release{1, 3, 1}
	infoModeAdded        = release{1, 4, 0}
	infoAuthorAdded      = release{1, 4, 3}
	peopleFiltersAdded   = release{1, 5, 0}
	runsScoped           = release{1, 7, 0} // the detail tells of the app's own runs alone
	unknownAccountError  = release{1, 9, 2}
	triggersAdded        = release{1, 10, 0} // details and triggered_from too, and the hyphen in service-api
	pydanticUsed         = release{1, 11, 0}
	likeEscaped          = release{1, 11, 3}
	appStatusIsEnum      = release{1, 13, 0}
	endUsersAdded        = release{1, 13, 0}
	outputsDecoded       = release{1, 13, 0}
	unknownRunIs404      = release{1, 13, 1}
	outputsAreObjects    = release{1, 14, 0}
	runEventsAdded       = release{1, 14, 0}
	peopleJoinedOnce     = release{1, 17, 0} // keyword and session id go together from here on
)

// parseRelease reads "1.14.2", "v1.14" or "1.14.2-fix.1". Parts that are no
// number count as zero.
func parseRelease(version string) release {
	core, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "-")
	var parsed release
	for i, part := range strings.SplitN(core, ".", len(parsed)) {
		parsed[i], _ = strconv.Atoi(part)
	}
	return parsed
}

// has says whether a server of this release has what came with since.
func (r release) has(since release) bool {
	return cmp.Or(cmp.Compare(r[0], since[0]), cmp.Compare(r[1], since[1]), cmp.Compare(r[2], since[2])) >= 0
}
