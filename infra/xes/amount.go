package xes

import (
	"math"
	"math/big"
	"strconv"
)

// maxAmount keeps amounts, in the smallest unit, far from overflow.
const maxAmount = 1e15

// parseAmount reads a decimal number and gives it in the smallest unit,
// rounded half up (towards plus infinity). False means that it is no number,
// or no amount of money.
func parseAmount(s string, decimals int) (int64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	scale := math.Pow10(decimals)
	if err != nil || len(s) > 40 || math.IsNaN(f) || math.Abs(f)*scale > maxAmount {
		return 0, false
	}
	if math.Abs(f) < 1e-12 { // an exponent far below zero would make a huge fraction
		return 0, true
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	r.Mul(r, big.NewRat(int64(scale), 1)).Add(r, big.NewRat(1, 2))
	return new(big.Int).Div(r.Num(), r.Denom()).Int64(), true // Div rounds down
}
