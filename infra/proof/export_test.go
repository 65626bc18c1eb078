package proof

import "hoso/domain"

// SignForTest signs what a thief wants signed.
func SignForTest(s *Signer, r domain.RootSigned) domain.RootSigned { return s.sign(Root(r)) }

// SealAfter seals a log whose newest root has an age.
var SealAfter = (*Sealer).sealAfter
