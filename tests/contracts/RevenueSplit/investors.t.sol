// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {PoolWorld} from "support/PoolWorld.sol";

/// @notice A distribution costs the same for one investor and for ten thousand, and so does what one takes.
/// @dev What setUp did is cold in a test, as in a transaction of its own.
abstract contract InvestorsGas is PoolWorld {
    event log_named_uint(string what, uint256 gas_);

    address private _account;
    address private _last;
    uint256 private _dearest;

    function count() internal pure virtual returns (uint256);

    function setUp() public override {
        super.setUp();
        vm.pauseGasMetering();
        IRevenueSplit.Investor[] memory list = crowd(count());
        _last = list[list.length - 1].account;
        vm.resumeGasMetering();
        (_account, _dearest) = addAll(list, 200);
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE + 1);
        t.allocations[1].account = _account;
        split.setTerms(PROJECT, t);
        fund(2e9, "all");
        split.distribute(_sold("first"));
    }

    /// @dev What a transaction with this data costs before it runs.
    function _base(bytes memory data) private pure returns (uint256 gas_) {
        gas_ = 21_000;
        for (uint256 i = 0; i < data.length; ++i) {
            gas_ += data[i] == 0 ? 4 : 16;
        }
    }

    function _sold(bytes32 batch) private pure returns (IRevenueSplit.Distribution memory) {
        return facts(batch, DAY_ONE + 1, 1e9, 500, 700, 10);
    }

    function test_a_distribution_takes_at_most_300_000_gas() public {
        IRevenueSplit.Distribution memory d = _sold("second");
        uint256 before = gasleft();
        split.distribute(d);
        uint256 used = before - gasleft();
        used += _base(abi.encodeCall(split.distribute, (d)));
        emit log_named_uint("distribute", used);
        isTrue(used <= 300_000, "whoever invests");
    }

    function test_a_first_claim_takes_at_most_110_000_gas() public {
        uint256 before = gasleft();
        uint256 amount = split.takePool(_account, _last);
        uint256 used = before - gasleft();
        used += _base(abi.encodeCall(split.takePool, (_account, _last)));
        equal(token.balanceOf(_last), amount, "its first tokens");
        emit log_named_uint("takePool", used);
        isTrue(used <= 110_000, "whoever else invests");
    }

    function test_a_piece_of_200_investors_takes_less_than_8_000_000_gas() public {
        emit log_named_uint("addInvestors, the dearest piece", _dearest);
        isTrue(_dearest < 8_000_000, "it fits into a block");
    }
}

contract OneInvestorGas is InvestorsGas {
    function count() internal pure override returns (uint256) {
        return 1;
    }
}

contract TenInvestorsGas is InvestorsGas {
    function count() internal pure override returns (uint256) {
        return 10;
    }
}

contract HundredInvestorsGas is InvestorsGas {
    function count() internal pure override returns (uint256) {
        return 100;
    }
}

contract ThousandInvestorsGas is InvestorsGas {
    function count() internal pure override returns (uint256) {
        return 1_000;
    }
}

contract TenThousandInvestorsGas is InvestorsGas {
    function count() internal pure override returns (uint256) {
        return 10_000;
    }
}
