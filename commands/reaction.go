package commands

import (
	"context"

	"hoso/domain"
	"hoso/domain/codec"
)

// FinishSubmission is the reaction to dossier.submitted that finishes what a
// crash left: submitted, but without a code. Usually there is nothing to do.
func (h *Handler) FinishSubmission(ctx context.Context, d codec.Decoded) error {
	if _, ok := d.Event.(domain.Submitted); !ok {
		return nil
	}
	id, ok := domain.DossierIDOf(d.Stream)
	if !ok {
		return nil
	}
	_, err := h.Number(ctx, id)
	return err
}
