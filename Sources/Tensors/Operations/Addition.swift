extension Tape {
    /// y = a + factor * b        a, b of the same shape
    ///
    /// Backward: da = dy,  db = factor * dy.
    package func add(_ a: Tensor, _ b: Tensor, times factor: Float = 1) -> Tensor {
        precondition(a.shape == b.shape, "\(a.shape) + \(b.shape)")
        let left = a.value.floats(backend)
        let right = b.value.floats(backend)
        let y: Buffer
        if factor == 1 {
            y = backend.sum(left, right)
        } else {
            y = backend.copy(left)
            backend.add(right, times: factor, to: y)
        }
        return result(shape: a.shape, y, from: [a, b]) { [backend, sa = a.slot, sb = b.slot] dy in
            sa?.add(dy, backend)
            guard let sb else { return }
            if factor == 1 {
                sb.add(dy, backend)
            } else {
                backend.add(dy, times: factor, to: sb.added(backend))
            }
        }
    }
}
