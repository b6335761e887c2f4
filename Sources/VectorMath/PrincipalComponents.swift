import CVectorKernels
import RandomNumbers

/// The directions in which vectors differ most, and the shares of the variance along them.
///
/// They are found by iterating a small subspace, with a few directions more than are asked for, and
/// solving the small problem inside of it (Halko, Martinsson and Tropp, "Finding structure with
/// randomness", 2011). A pass over the vectors takes n x D x 8 multiplications, and tens of passes are
/// enough; there is no D x D matrix. Memory: twice the vectors.
package struct PrincipalComponents: Sendable, Equatable {
    /// `[D]`
    package let mean: [Float]
    /// Unit vectors `[D]` at right angles, that of the greatest variance first. The element of the
    /// greatest magnitude of each is positive, so that the result does not depend on chance. There
    /// are fewer than were asked for only if D is smaller.
    package let axes: [[Float]]
    /// The share of the whole variance along each axis, from 0 to 1; 0 if all vectors are equal.
    package let variance: [Double]

    /// Directions beyond those that are asked for.
    private static let oversampling = 6
    private static let mostPasses = 100
    /// The greatest change of direction in the last pass, relative to the greatest variance.
    private static let tolerance = 1e-5

    /// - Parameters:
    ///   - vectors: `[n, D]`, row-major and finite.
    ///   - dimensions: D, at least 1.
    ///   - count: the number of axes.
    ///   - seed: of the directions from which the search starts. The same seed gives the same bits.
    package init(of vectors: [Float], dimensions: Int, count: Int, seed: UInt64) {
        precondition(dimensions > 0 && vectors.count.isMultiple(of: dimensions))
        let rows = CenteredRows(vectors, dimensions: dimensions)
        mean = rows.mean
        var generator = SeededGenerator(seed: seed, purpose: SeededGenerator.hash("components"))
        let width = min(count + Self.oversampling, dimensions)
        var basis = (0..<width).map { _ in (0..<dimensions).map { _ in generator.normal() } }
        Self.orthonormalize(&basis, &generator)
        var values = [Double](repeating: 0, count: width)
        if rows.sumOfSquares > 0 {
            for _ in 0..<Self.mostPasses {
                let images = basis.map { rows.covariance(times: $0) }
                let small = SymmetricMatrix(
                    basis.map { direction in images.map { Self.dot(direction, $0) } })
                let turned = small.eigenvectors()
                values = turned.map(\.value)
                basis = turned.map { Self.combine(basis, $0.vector) }
                let turnedImages = turned.map { Self.combine(images, $0.vector) }
                let change = (0..<min(count, width)).map { index -> Double in
                    let rest = zip(turnedImages[index], basis[index]).reduce(0) {
                        let difference = $1.0 - values[index] * $1.1
                        return $0 + difference * difference
                    }
                    return rest.squareRoot()
                }
                if change.allSatisfy({ $0 <= Self.tolerance * max(values[0], 0) }) { break }
                basis = turnedImages
                Self.orthonormalize(&basis, &generator)
            }
        }
        axes = basis.prefix(count).map { Self.signed($0).map { Float($0) } }
        let total = rows.sumOfSquares
        variance = values.prefix(count).map { total > 0 ? min(1, max(0, $0 / total)) : 0 }
    }

    /// A vector's place along each axis.
    package func place(_ vector: some Sequence<Float>) -> [Float] {
        let centered = zip(vector, mean).map { $0 - $1 }
        return axes.map { DotProduct.dot($0, centered) }
    }

    // MARK: Directions

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func combine(_ vectors: [[Double]], _ weights: [Double]) -> [Double] {
        var sum = [Double](repeating: 0, count: vectors[0].count)
        for (vector, weight) in zip(vectors, weights) {
            for index in sum.indices { sum[index] += weight * vector[index] }
        }
        return sum
    }

    /// Gram and Schmidt's method, twice, which is enough. A direction that depends on those before it is
    /// replaced by a random one.
    private static func orthonormalize(
        _ vectors: inout [[Double]], _ generator: inout SeededGenerator
    ) {
        for index in vectors.indices {
            var vector = vectors[index]
            var length = 0.0
            while true {
                let before = dot(vector, vector).squareRoot()
                for _ in 0..<2 {
                    for other in vectors[..<index] {
                        let part = dot(vector, other)
                        for place in vector.indices { vector[place] -= part * other[place] }
                    }
                }
                length = dot(vector, vector).squareRoot()
                if length > 1e-10 * before { break }
                vector = vector.map { _ in generator.normal() }
            }
            vectors[index] = vector.map { $0 / length }
        }
    }

    private static func signed(_ axis: [Double]) -> [Double] {
        let greatest = axis.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
        return greatest < 0 ? axis.map { -$0 } : axis
    }
}

/// Vectors minus their mean, by rows and by columns.
private struct CenteredRows {
    let mean: [Float]
    /// The sum of the squares of all elements.
    let sumOfSquares: Double
    private let rows: [Float]
    private let columns: [Float]
    private let count: Int
    private let dimensions: Int

    init(_ vectors: [Float], dimensions: Int) {
        let count = vectors.count / dimensions
        self.count = count
        self.dimensions = dimensions
        var sums = [Double](repeating: 0, count: dimensions)
        var rows = vectors
        var columns = [Float](repeating: 0, count: vectors.count)
        var greatest = 0.0
        var squares = 0.0
        vectors.withUnsafeBufferPointer { vectors in
            for row in 0..<count {
                for column in 0..<dimensions {
                    sums[column] += Double(vectors[row * dimensions + column])
                }
            }
            let means = sums.map { $0 / Double(max(1, count)) }
            for row in 0..<count {
                for column in 0..<dimensions {
                    let difference = Double(vectors[row * dimensions + column]) - means[column]
                    greatest = max(greatest, abs(difference))
                }
            }
            sums = means
            guard greatest > 0 else { return }
            // Squares of scaled numbers do not overflow.
            rows.withUnsafeMutableBufferPointer { rows in
                columns.withUnsafeMutableBufferPointer { columns in
                    for row in 0..<count {
                        for column in 0..<dimensions {
                            let place = row * dimensions + column
                            let scaled = (Double(vectors[place]) - means[column]) / greatest
                            squares += scaled * scaled
                            rows[place] = Float(scaled)
                            columns[column * count + row] = Float(scaled)
                        }
                    }
                }
            }
        }
        mean = sums.map { Float($0) }
        sumOfSquares = squares
        self.rows = rows
        self.columns = columns
    }

    /// Xᵀ (X v), with these rows as X.
    func covariance(times direction: [Double]) -> [Double] {
        let along = Self.products(
            direction.map { Float($0) }, rows, count: count, width: dimensions)
        return Self.products(along, columns, count: dimensions, width: count).map { Double($0) }
    }

    private static func products(
        _ vector: [Float], _ matrix: [Float], count: Int, width: Int
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { target, initialized in
            if let output = target.baseAddress {
                VectorKernels.active.table.pointee.dot_f32_rows(
                    vector, matrix, width, width, nil, count, output)
            }
            initialized = count
        }
    }
}

/// A small symmetric matrix.
private struct SymmetricMatrix {
    private var elements: [[Double]]

    init(_ elements: [[Double]]) { self.elements = elements }

    /// Its eigenvectors by descending eigenvalue, by Jacobi's rotations (Golub and Van Loan, "Matrix
    /// Computations", 8.5).
    func eigenvectors() -> [(value: Double, vector: [Double])] {
        var a = elements
        let size = a.count
        // What rounding left of asymmetry.
        for i in 0..<size {
            for j in 0..<i {
                a[i][j] = (a[i][j] + a[j][i]) / 2
                a[j][i] = a[i][j]
            }
        }
        var vectors = (0..<size).map { row in (0..<size).map { $0 == row ? 1.0 : 0 } }
        for _ in 0..<50 {
            var isDiagonal = true
            for p in 0..<size {
                for q in p + 1..<max(size, p + 1) {
                    let bound = 1e-15 * (abs(a[p][p] * a[q][q])).squareRoot()
                    guard abs(a[p][q]) > bound, a[p][q] != 0 else { continue }
                    isDiagonal = false
                    let tau = (a[q][q] - a[p][p]) / (2 * a[p][q])
                    let tangent = (tau < 0 ? -1 : 1) / (abs(tau) + (1 + tau * tau).squareRoot())
                    let cosine = 1 / (1 + tangent * tangent).squareRoot()
                    let sine = tangent * cosine
                    for k in 0..<size {
                        let (x, y) = (a[k][p], a[k][q])
                        a[k][p] = cosine * x - sine * y
                        a[k][q] = sine * x + cosine * y
                    }
                    for k in 0..<size {
                        let (x, y) = (a[p][k], a[q][k])
                        a[p][k] = cosine * x - sine * y
                        a[q][k] = sine * x + cosine * y
                        (vectors[p][k], vectors[q][k]) = (
                            cosine * vectors[p][k] - sine * vectors[q][k],
                            sine * vectors[p][k] + cosine * vectors[q][k]
                        )
                    }
                }
            }
            if isDiagonal { break }
        }
        return (0..<size).map { (a[$0][$0], vectors[$0]) }.sorted { $0.0 > $1.0 }
    }
}
