extension Tape {
    /// log p[r] = log softmax(states[r] W^T)[targets[r]]
    ///
    ///     states [R, H], W [V, H], targets [R] -> [R]
    ///
    /// Backward: with p the softmax, dlogits[r, j] = dy[r] (1[j = target] - p[j]);
    /// dstates = dlogits W,  dW = dlogits^T states. Logits exist for a block of rows at a time. If W
    /// is frozen, the forward pass computes dstates / dy while it has them, so that they are computed
    /// once.
    package func logProbability(_ states: Tensor, weight: Tensor, targets: [Int32]) -> Tensor {
        let width = states.columns
        precondition(targets.count == states.rows, "\(targets.count) targets, \(states.shape)")
        let slopes =
            isRecording && states.needsGradient && !weight.needsGradient
            ? backend.buffer(count: states.count) : nil
        let (y, sums) = backend.logProbability(
            states: states.value, weight: weight.value, targets: targets, width: width,
            statesGradient: slopes, precision: precision)
        if let slopes {
            return result(shape: [targets.count], y, from: [states]) {
                [backend, slot = states.slot] dy in
                slot?.add(backend.scaledRows(slopes, by: dy), backend)
            }
        }
        return result(shape: [targets.count], y, from: [states, weight]) {
            [backend, precision, xs = states.value, slot = states.slot] dy in
            let dx = slot.map { _ in backend.buffer(count: xs.count) }
            backend.logProbabilityBackward(
                dy.array, states: xs, weight: weight.value, targets: targets, logSums: sums,
                width: width, statesGradient: dx, weightGradient: weight.slot,
                precision: precision)
            if let dx { slot?.add(dx, backend) }
        }
    }

    /// Divergence of two next-token distributions, row by row, p = softmax(a W^T), q = softmax(b
    /// W^T): KL(p || q), or if symmetric JS(p, q) = KL(p || m)/2 + KL(q || m)/2 with m = (p + q)/2.
    /// Natural logarithms.
    ///
    ///     a, b [R, H], W [V, H] frozen -> [R]
    ///
    /// Backward: formulas in training_softmax.c, then da = dlogits W.
    package func divergence(
        _ a: Tensor, _ b: Tensor, weight: Tensor, isSymmetric: Bool
    ) -> Tensor {
        precondition(weight.slot == nil, "the divergence's projection is frozen")
        let width = a.columns
        let y = backend.divergence(
            a.value, b.value, weight: weight.value, width: width, isSymmetric: isSymmetric,
            precision: precision)
        return result(shape: [a.rows], y, from: [a, b]) {
            [backend, precision, va = a.value, vb = b.value, sa = a.slot, sb = b.slot] dy in
            let gradients = backend.divergenceBackward(
                dy.array, va, vb, weight: weight.value, width: width, isSymmetric: isSymmetric,
                precision: precision)
            sa?.add(gradients.a, backend)
            sb?.add(gradients.b, backend)
        }
    }
}
