// The WKV recurrence of RWKV-4 on the CPU, forward and backward, vectorised by the compiler over channels.
//
// Letters: B batch, T time, C channels. Everything is float32 and contiguous; state is (B, 3, C) = aa, bb, pp.
// Work is cut into (row, block of channels) tasks for at::parallel_for; a task keeps its state in L1.
// Of each pair exp(x - max(x, y)), exp(y - max(x, y)) one is 1, so a step costs two exponentials, not four.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "step.h"

namespace {

constexpr int BLOCK = 64;  // channels per task

struct Task {
  int64_t row, first;  // batch row, first channel
  int n;               // channels
};

Task task_of(int64_t index, int64_t blocks, int64_t channels) {
  const int64_t first = (index % blocks) * BLOCK;
  return {index / blocks, first, static_cast<int>(std::min<int64_t>(BLOCK, channels - first))};
}

std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& k, const at::Tensor& v, const at::Tensor& w,
                                           const at::Tensor& u, const at::Tensor& state, const at::Tensor& lengths) {
  const int64_t B = k.size(0), T = k.size(1), C = k.size(2);
  at::Tensor out = at::empty_like(k), last = at::empty_like(state);
  const float *K = k.const_data_ptr<float>(), *V = v.const_data_ptr<float>(), *W = w.const_data_ptr<float>(),
              *U = u.const_data_ptr<float>(), *S = state.const_data_ptr<float>();
  const int64_t* len = lengths.const_data_ptr<int64_t>();
  float *Y = out.mutable_data_ptr<float>(), *L = last.mutable_data_ptr<float>();
  const int64_t blocks = (C + BLOCK - 1) / BLOCK;

  at::parallel_for(0, B * blocks, std::max<int64_t>(1, 4096 / (T * BLOCK)), [&](int64_t begin, int64_t end) {
    alignas(64) float a[BLOCK], b[BLOCK], p[BLOCK];
    for (int64_t index = begin; index < end; ++index) {
      const Task task = task_of(index, blocks, C);
      const int n = task.n;
      const float* s = S + task.row * 3 * C + task.first;
      std::memcpy(a, s, n * sizeof(float));
      std::memcpy(b, s + C, n * sizeof(float));
      std::memcpy(p, s + 2 * C, n * sizeof(float));
      const float *wc = W + task.first, *uc = U + task.first;
      int64_t at_token = task.row * T * C + task.first;
      for (int64_t t = 0; t < len[task.row]; ++t, at_token += C) {
        const float *kt = K + at_token, *vt = V + at_token;
        float* yt = Y + at_token;
        wkv_step(n, kt, vt, wc, uc, a, b, p, yt);
      }
      for (int64_t t = len[task.row]; t < T; ++t, at_token += C) std::memset(Y + at_token, 0, n * sizeof(float));
      float* l = L + task.row * 3 * C + task.first;
      std::memcpy(l, a, n * sizeof(float));
      std::memcpy(l + C, b, n * sizeof(float));
      std::memcpy(l + 2 * C, p, n * sizeof(float));
    }
  });
  return {out, last};
}

// Gradients of k, v, w (B, C), u (B, C) and the initial state. The states of the forward pass are computed again into
// a buffer of one task's size (3 T BLOCK floats) instead of being kept for every layer.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> backward(
    const at::Tensor& k, const at::Tensor& v, const at::Tensor& w, const at::Tensor& u, const at::Tensor& state,
    const at::Tensor& lengths, const at::Tensor& grad_out, const at::Tensor& grad_last) {
  const int64_t B = k.size(0), T = k.size(1), C = k.size(2);
  at::Tensor gk_all = at::empty_like(k), gv_all = at::empty_like(v), gs_all = at::empty_like(state);
  at::Tensor gw_all = at::empty({B, C}, k.options()), gu_all = at::empty({B, C}, k.options());
  const float *K = k.const_data_ptr<float>(), *V = v.const_data_ptr<float>(), *W = w.const_data_ptr<float>(),
              *U = u.const_data_ptr<float>(), *S = state.const_data_ptr<float>();
  const float *GY = grad_out.const_data_ptr<float>(), *GL = grad_last.const_data_ptr<float>();
  const int64_t* len = lengths.const_data_ptr<int64_t>();
  float *GK = gk_all.mutable_data_ptr<float>(), *GV = gv_all.mutable_data_ptr<float>(),
        *GS = gs_all.mutable_data_ptr<float>(), *GW = gw_all.mutable_data_ptr<float>(),
        *GU = gu_all.mutable_data_ptr<float>();
  const int64_t blocks = (C + BLOCK - 1) / BLOCK;

  at::parallel_for(0, B * blocks, std::max<int64_t>(1, 4096 / (T * BLOCK)), [&](int64_t begin, int64_t end) {
    std::vector<float> buffer((T + 1) * 3 * BLOCK);
    alignas(64) float ga[BLOCK], gb[BLOCK], gp[BLOCK], gw[BLOCK], gu[BLOCK];
    for (int64_t index = begin; index < end; ++index) {
      const Task task = task_of(index, blocks, C);
      const int n = task.n;
      const int64_t steps = len[task.row];
      const float *wc = W + task.first, *uc = U + task.first;
      const int64_t row = task.row * T * C + task.first;
      for (int part = 0; part < 3; ++part)
        std::memcpy(buffer.data() + part * BLOCK, S + (task.row * 3 + part) * C + task.first, n * sizeof(float));
      for (int64_t t = 0; t + 1 < steps; ++t) {
        const float *kt = K + row + t * C, *vt = V + row + t * C;
        const float* now = buffer.data() + t * 3 * BLOCK;
        float* next = buffer.data() + (t + 1) * 3 * BLOCK;
#pragma omp simd
        for (int c = 0; c < n; ++c) {
          float e1, e2;
          const float x = now[2 * BLOCK + c] + wc[c];
          exp_pair(x - kt[c], e1, e2);
          next[c] = e1 * now[c] + e2 * vt[c];
          next[BLOCK + c] = e1 * now[BLOCK + c] + e2;
          next[2 * BLOCK + c] = x < kt[c] ? kt[c] : x;
        }
      }
      const float* gl = GL + task.row * 3 * C + task.first;
      std::memcpy(ga, gl, n * sizeof(float));
      std::memcpy(gb, gl + C, n * sizeof(float));
      std::memcpy(gp, gl + 2 * C, n * sizeof(float));
      std::memset(gw, 0, sizeof(gw));
      std::memset(gu, 0, sizeof(gu));
      for (int64_t t = T - 1; t >= steps; --t) {
        std::memset(GK + row + t * C, 0, n * sizeof(float));
        std::memset(GV + row + t * C, 0, n * sizeof(float));
      }
      for (int64_t t = steps - 1; t >= 0; --t) {
        const float *kt = K + row + t * C, *vt = V + row + t * C, *gy = GY + row + t * C;
        float *gk = GK + row + t * C, *gv = GV + row + t * C;
        const float* now = buffer.data() + t * 3 * BLOCK;
#pragma omp simd
        for (int c = 0; c < n; ++c) {
          const float a = now[c], b = now[BLOCK + c], p = now[2 * BLOCK + c];
          float e1, e2;
          const float d = p + wc[c] - kt[c];
          exp_pair(d, e1, e2);
          const float through_x = e1 * (a * ga[c] + b * gb[c]), through_k = e2 * (vt[c] * ga[c] + gb[c]);
          const float through_max = gp[c] - through_x - through_k;
          const float share = d > 0.0f ? 1.0f : (d < 0.0f ? 0.0f : 0.5f);  // as torch.maximum splits a tie
          const float gx = through_x + share * through_max;
          float gk_c = through_k + (1.0f - share) * through_max, gv_c = e2 * ga[c];
          const float ga_c = e1 * ga[c], gb_c = e1 * gb[c];
          gw[c] += gx;

          exp_pair(p - (uc[c] + kt[c]), e1, e2);
          const float inverse = 1.0f / (e1 * b + e2), y = (e1 * a + e2 * vt[c]) * inverse;
          const float gn = gy[c] * inverse, gd = -gn * y;  // gradients of numerator and denominator
          const float through_u = e2 * (vt[c] * gn + gd);
          gk[c] = gk_c + through_u;
          gv[c] = gv_c + e2 * gn;
          gu[c] += through_u;
          ga[c] = ga_c + e1 * gn;
          gb[c] = gb_c + e1 * gd;
          gp[c] = gx + e1 * (a * gn + b * gd);
        }
      }
      float* gs = GS + task.row * 3 * C + task.first;
      std::memcpy(gs, ga, n * sizeof(float));
      std::memcpy(gs + C, gb, n * sizeof(float));
      std::memcpy(gs + 2 * C, gp, n * sizeof(float));
      std::memcpy(GW + task.row * C + task.first, gw, n * sizeof(float));
      std::memcpy(GU + task.row * C + task.first, gu, n * sizeof(float));
    }
  });
  return {gk_all, gv_all, gw_all, gu_all, gs_all};
}

}  // namespace

TORCH_LIBRARY(prosg_wkv, m) {
  m.def("forward(Tensor k, Tensor v, Tensor w, Tensor u, Tensor state, Tensor lengths) -> (Tensor, Tensor)");
  m.def(
      "backward(Tensor k, Tensor v, Tensor w, Tensor u, Tensor state, Tensor lengths, Tensor grad_out, "
      "Tensor grad_last) -> (Tensor, Tensor, Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(prosg_wkv, CPU, m) {
  m.impl("forward", &forward);
  m.impl("backward", &backward);
}
