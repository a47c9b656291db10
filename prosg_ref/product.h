// y = x Wᵀ on the CPU for a few rows of float32 x: the matrix product of decoding, where reading W is most of the cost.
//
// Letters: N rows of x, I inputs, O outputs. W is float32, float16 or bfloat16; sums are float32. One row takes a dot
// product per output, so that W is read in order from its first byte to its last, which is what the processor prefetches
// best. Several rows lie side by side in the lanes of a vector, so that one weight meets all of them at once.
#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

template <int LANES>
struct Vector {
  typedef float Floats __attribute__((vector_size(4 * LANES)));
};

typedef Vector<16>::Floats Floats;
typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));

inline Floats widen(const float* at) {
  Floats floats;
  std::memcpy(&floats, at, sizeof(floats));
  return floats;
}

inline Floats widen(const at::BFloat16* at) {
  Halves halves;
  std::memcpy(&halves, at, sizeof(halves));
  const Words words = __builtin_convertvector(halves, Words) << 16;
  Floats floats;
  std::memcpy(&floats, &words, sizeof(floats));
  return floats;
}

#if defined(__AVX512F__)
inline Floats widen(const at::Half* at) {
  __m256i halves;
  std::memcpy(&halves, at, sizeof(halves));
  return _mm512_cvtph_ps(halves);
}
#else
// Sign, exponent and mantissa moved to where float32 has them; the factor mends the exponent's bias, subnormals included.
inline Floats widen(const at::Half* at) {
  Halves halves;
  std::memcpy(&halves, at, sizeof(halves));
  const Words words = __builtin_convertvector(halves, Words);
  const Words sign = (words & 0x8000u) << 16, magnitude = (words & 0x7fffu) << 13;
  Floats value;
  std::memcpy(&value, &magnitude, sizeof(value));
  value *= 0x1p112f;
  Words bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits |= sign;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
#endif

inline float total(Floats sums) {
  Vector<8>::Floats eight[2];
  std::memcpy(eight, &sums, sizeof(eight));
  eight[0] += eight[1];
  Vector<4>::Floats four[2];
  std::memcpy(four, eight, sizeof(four));
  four[0] += four[1];
  return (four[0][0] + four[0][1]) + (four[0][2] + four[0][3]);
}

template <typename Weight>
float dot(const float* x, const Weight* w, int64_t I) {
  constexpr int CHAINS = 2;  // more of them, and prefetching by hand, were slower
  Floats sums[CHAINS] = {};
  int64_t i = 0;
  for (; i + 16 * CHAINS <= I; i += 16 * CHAINS)
    for (int c = 0; c < CHAINS; ++c) sums[c] += widen(w + i + 16 * c) * widen(x + i + 16 * c);
  for (; i + 16 <= I; i += 16) sums[0] += widen(w + i) * widen(x + i);
  float sum = total(sums[0] + sums[1]);
  for (; i < I; ++i) sum += static_cast<float>(w[i]) * x[i];
  return sum;
}

constexpr int OUT = 6;         // outputs of a panel
constexpr int64_t CHUNK = 128;  // inputs that are summed up before they join the rest

// outs <= OUT outputs for rows <= LANES rows. x is (I, LANES): the rows side by side.
template <int LANES, typename Weight>
void panel(const float* x, const Weight* w, float* y, int outs, int64_t rows, int64_t I, int64_t O) {
  typedef typename Vector<LANES>::Floats Lanes;
  constexpr bool WIDE = std::is_same_v<Weight, float>;
  alignas(64) float buffer[WIDE ? 1 : OUT][CHUNK + 16];  // 16 more, so that the rows do not compete for one place in the cache
  Lanes sums[OUT] = {};
  for (int64_t from = 0; from < I; from += CHUNK) {
    const int64_t count = std::min(CHUNK, I - from);
    const float* rows_of_w[OUT];
    for (int o = 0; o < OUT; ++o) {
      const Weight* row = w + std::min(o, outs - 1) * I + from;
      if constexpr (WIDE) {
        rows_of_w[o] = row;
      } else {
        int64_t i = 0;
        for (; i + 16 <= count; i += 16) {
          const Floats floats = widen(row + i);
          std::memcpy(buffer[o] + i, &floats, sizeof(floats));
        }
        for (; i < count; ++i) buffer[o][i] = static_cast<float>(row[i]);
        rows_of_w[o] = buffer[o];
      }
    }
    Lanes part[OUT] = {};
    const auto add = [&](int64_t i) {
      Lanes xs;
      std::memcpy(&xs, x + (from + i) * LANES, sizeof(xs));
      for (int o = 0; o < OUT; ++o) part[o] += xs * rows_of_w[o][i];
    };
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
      for (int o = 0; o < OUT; ++o) __builtin_prefetch(w + (o + OUT) * I + from + i);  // the next panel
#pragma GCC unroll 16
      for (int j = 0; j < 16; ++j) add(i + j);
    }
    for (; i < count; ++i) add(i);
    for (int o = 0; o < OUT; ++o) sums[o] += part[o];
  }
  for (int o = 0; o < outs; ++o)
    for (int64_t n = 0; n < rows; ++n) y[n * O + o] = sums[o][n];
}

// x in groups of LANES rows, (groups, I, LANES), rows of zeros at the end.
template <int LANES>
std::vector<float> side_by_side(const float* x, int64_t N, int64_t I) {
  std::vector<float> out((N + LANES - 1) / LANES * LANES * I);
  for (int64_t n = 0; n < N; ++n) {
    float* to = out.data() + n / LANES * LANES * I + n % LANES;
    for (int64_t i = 0; i < I; ++i) to[i * LANES] = x[n * I + i];
  }
  return out;
}

template <int LANES, typename Weight>
void several(const float* x, int64_t N, const Weight* w, int64_t O, int64_t I, float* y) {
  const std::vector<float> lanes = side_by_side<LANES>(x, N, I);
  at::parallel_for(0, (O + OUT - 1) / OUT, std::max<int64_t>(1, 32768 / (I * OUT)), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin * OUT; o < std::min(end * OUT, O); o += OUT)
      for (int64_t n = 0; n < N; n += LANES)
        panel<LANES>(lanes.data() + n * I, w + o * I, y + n * O + o, static_cast<int>(std::min<int64_t>(OUT, O - o)),
                     std::min<int64_t>(LANES, N - n), I, O);
  });
}

template <typename Weight>
void product(const float* x, int64_t N, const Weight* w, int64_t O, int64_t I, float* y) {
  if (N == 1) {
    at::parallel_for(0, O, std::max<int64_t>(1, 32768 / I), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) y[o] = dot(x, w + o * I, I);
    });
  } else if (N <= 8) {
    several<8>(x, N, w, O, I, y);
  } else {
    several<16>(x, N, w, O, I, y);
  }
}

// y (N, O) = x (N, I) Wᵀ, all contiguous.
inline void product(const float* x, int64_t N, const at::Tensor& w, float* y) {
  const int64_t O = w.size(0), I = w.size(1);
  switch (w.scalar_type()) {
    case at::kFloat: return product(x, N, w.const_data_ptr<float>(), O, I, y);
    case at::kHalf: return product(x, N, w.const_data_ptr<at::Half>(), O, I, y);
    case at::kBFloat16: return product(x, N, w.const_data_ptr<at::BFloat16>(), O, I, y);
    default: TORCH_CHECK(false, "weights of type ", w.scalar_type(), " are not supported");
  }
}

}  // namespace
