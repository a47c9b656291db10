// One step of the WKV recurrence for some channels, and the exponentials it needs, vectorised by the compiler.
#pragma once
#include <cstdint>
#include <cstring>

namespace {

// exp(-x) for x >= 0, relative error < 2e-7, 0 below exp(-87). Range reduction by ln 2 in two parts (Cody & Waite
// 1980), then the Taylor polynomial of degree 7 on |r| <= ln(2)/2, then the exponent bits; no calls, so it vectorises.
inline float exp_neg(float x) {
  const float shifter = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  const float y = -x;
  const float clipped = y < -87.0f ? -87.0f : y;
  const float shifted = clipped * 1.44269504088896341f + shifter;
  const float n = shifted - shifter;
  float r = clipped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float poly = 1.0f / 5040.0f;
  poly = poly * r + 1.0f / 720.0f;
  poly = poly * r + 1.0f / 120.0f;
  poly = poly * r + 1.0f / 24.0f;
  poly = poly * r + 1.0f / 6.0f;
  poly = poly * r + 0.5f;
  poly = poly * r + 1.0f;
  poly = poly * r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof(scale));
  return y < -87.0f ? 0.0f : poly * scale;
}

// e1 = exp(x - max(x, y)), e2 = exp(y - max(x, y)), from d = x - y.
inline void exp_pair(float d, float& e1, float& e2) {
  const float e = exp_neg(d < 0.0f ? -d : d);
  e1 = d < 0.0f ? e : 1.0f;
  e2 = d < 0.0f ? 1.0f : e;
}

// Reads the state a, b, p of n channels and puts the next one in its place; y is what the step gives out.
inline void wkv_step(int64_t n, const float* k, const float* v, const float* w, const float* u, float* a, float* b, float* p,
                     float* y) {
#pragma omp simd
  for (int64_t c = 0; c < n; ++c) {
    float e1, e2;
    exp_pair(p[c] - (u[c] + k[c]), e1, e2);
    y[c] = (e1 * a[c] + e2 * v[c]) / (e1 * b[c] + e2);
    const float x = p[c] + w[c];
    exp_pair(x - k[c], e1, e2);
    a[c] = e1 * a[c] + e2 * v[c];
    b[c] = e1 * b[c] + e2;
    p[c] = x < k[c] ? k[c] : x;
  }
}

}  // namespace
