package e2e

import (
	"net/http"
	"time"
)

// loadHTTP keeps enough connections for every worker.
var loadHTTP = &http.Client{
	Timeout:   30 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 10 * time.Second},
}
