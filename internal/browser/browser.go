// Package browser keeps other sites' pages from using a visitor's browser to read what the visitor may read.
//
// A page of any site can make a browser send requests here, to localhost and into closed networks too. [Hosts] refuses
// those that come by a name of the page's own (DNS rebinding), [Origins] those of pages of other sites, unless they are
// configured. [SecurityHeaders] keeps answers out of other sites' pages.
//
// All of it looks at Host (in HTTP/2 :authority), Origin and Sec-Fetch-Site, which no page can set. Headers that a proxy may
// add, as X-Forwarded-Host, are not asked: a page may add them as well.
package browser
